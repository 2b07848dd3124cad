MERGE (r:Register {key: $key}) SET r.value = $value
