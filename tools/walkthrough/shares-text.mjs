/** `red 91% black 9% of 102` */
export function sharesText(counts, services) {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (total === 0) return 'nothing yet';
  const parts = Object.entries(services).map(
    ([backend, service]) => `${backend} ${Math.round((100 * (counts[service] ?? 0)) / total)}%`,
  );
  return `${parts.join(' ')} of ${total}`;
}
