UNWIND range(1, $count) AS id MERGE (a:Account {id: id}) ON CREATE SET a.balance = $balance
