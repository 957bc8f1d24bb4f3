import { useLive } from '../api/live.js';
import { clockText } from '../format/time.js';

const words = { connecting: 'Connecting', live: 'Live' };

/** Whether what is shown follows the server. */
export function LiveLamp() {
  const live = useLive();
  const text = live.state === 'lost' ? `Reconnecting, stale since ${clockText(live.sinceMs)}` : words[live.state];
  return (
    <span
      className={`lamp ${live.state}`}
      role="status"
      title={live.state === 'live' ? 'Every change is shown as it happens.' : undefined}
    >
      <span className="lamp-dot" aria-hidden />
      <span className="lamp-text">{text}</span>
    </span>
  );
}
