"""The registry: operators, vehicles, drivers, terminals, lines, stations, stops, permits, schools, and who else the warehouse knows."""
