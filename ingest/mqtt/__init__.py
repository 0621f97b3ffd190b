"""Positions over MQTT: the door that takes them, the fan-out that gives them. Nothing imports this where no broker is set."""
