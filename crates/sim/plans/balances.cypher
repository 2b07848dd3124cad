MATCH (a:Account) RETURN a.id AS id, a.balance AS balance
