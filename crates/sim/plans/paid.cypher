MATCH ()-[p:Paid]->() RETURN p.serial AS serial
