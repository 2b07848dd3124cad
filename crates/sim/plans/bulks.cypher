MATCH (b:Bulk) RETURN b.serial AS serial, count(*) AS rows
