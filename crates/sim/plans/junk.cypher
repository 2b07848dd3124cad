MATCH (j:Junk) RETURN count(*) AS junk
