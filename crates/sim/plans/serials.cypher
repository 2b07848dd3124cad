MATCH (w:Write) RETURN w.serial AS serial
