MATCH (a:Account {id: $id}) SET a.balance = a.balance + $amount RETURN a.balance AS balance
