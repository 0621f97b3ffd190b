// Which vehicles lie under the pointer.

/** Rows of visible vehicles within `reach` CSS pixels of a point, nearest first. */
export function pick(map, store, point, reach = 12) {
  const corner = (dx, dy) => map.unproject([point.x + dx, point.y + dy]);
  const [nw, se] = [corner(-2 * reach, -2 * reach), corner(2 * reach, 2 * reach)];
  const [west, east] = [nw.lng * 1e7, se.lng * 1e7].sort((a, b) => a - b);
  const [south, north] = [se.lat * 1e7, nw.lat * 1e7].sort((a, b) => a - b);
  const found = [];
  for (let row = 0; row < store.size; row++) {
    if (!store.visible[row]) continue;
    const [lon, lat] = [store.lon[row], store.lat[row]];
    if (lon < west || lon > east || lat < south || lat > north) continue;
    const at = map.project(store.place(row));
    const distance = Math.hypot(at.x - point.x, at.y - point.y);
    if (distance <= reach) found.push([distance, row]);
  }
  return found.sort((a, b) => a[0] - b[0]).map(([, row]) => row);
}
