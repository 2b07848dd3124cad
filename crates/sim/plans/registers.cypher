MATCH (r:Register) RETURN r.key AS key, r.value AS value
