"""MQTT, against a real broker."""
