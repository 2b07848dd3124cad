MATCH (r:Register {key: $key}) WHERE r.value = $old SET r.value = $new RETURN r.value AS value
