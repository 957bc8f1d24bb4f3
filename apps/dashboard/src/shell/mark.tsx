/** The product's mark: two streams that change places. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <path d="M7 10h8c5 0 5 12 10 12" fill="none" stroke="#fff" strokeWidth="3" strokeLinecap="round" />
      <path
        d="M7 22h8c5 0 5-12 10-12"
        fill="none"
        stroke="#fff"
        strokeOpacity=".45"
        strokeWidth="3"
        strokeLinecap="round"
      />
    </svg>
  );
}
