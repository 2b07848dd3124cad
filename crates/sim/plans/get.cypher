MATCH (r:Register {key: $key}) RETURN r.value AS value
