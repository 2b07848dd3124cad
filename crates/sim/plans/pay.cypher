MATCH (a:Account {id: $from}), (b:Account {id: $to}) CREATE (a)-[p:Paid {serial: $serial}]->(b) RETURN p.serial AS serial
