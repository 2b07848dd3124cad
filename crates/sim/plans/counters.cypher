MATCH (c:Counter) RETURN c.name AS name, c.value AS value
