import { IconAlertTriangle, IconCircleCheck, IconInfoCircle, IconAlertOctagon } from '@tabler/icons-react';
import type { ReactNode } from 'react';

const icons = { info: IconInfoCircle, good: IconCircleCheck, warn: IconAlertTriangle, bad: IconAlertOctagon };

/** A sentence that must be seen. */
export function Notice({ tone, children }: { tone: keyof typeof icons; children: ReactNode }) {
  const Icon = icons[tone];
  return (
    <div className={`notice ${tone}`}>
      <Icon size={18} aria-hidden />
      <div>{children}</div>
    </div>
  );
}
