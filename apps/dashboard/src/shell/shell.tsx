import { IconLogout, IconMoon, IconSun } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useLive } from '../api/live.js';
import { useWhoAmI } from '../api/queries.js';
import { clockText } from '../format/time.js';
import { signOut } from '../session/session.js';
import { Notice } from '../ui/notice.js';
import { LiveLamp } from './live-lamp.js';
import { Mark } from './mark.js';
import { ProjectSelect } from './project-select.js';
import { chooseTheme, useTheme } from './theme.js';

/** What is around every page. */
export function Shell({ children }: { children: ReactNode }) {
  const theme = useTheme();
  const live = useLive();
  const who = useWhoAmI().data;
  const other = theme === 'dark' ? 'light' : 'dark';
  return (
    <>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header className="topbar">
        <Link className="brand" href="/">
          <Mark />
          <span>Sluice</span>
        </Link>
        <ProjectSelect />
        <nav aria-label="Pages">
          <Link className="nav-link" href="/rollouts">
            Rollouts
          </Link>
        </nav>
        <span className="grow" />
        <LiveLamp />
        <button
          className="icon-button"
          type="button"
          aria-label={`Use the ${other} theme`}
          title={`Use the ${other} theme`}
          onClick={() => chooseTheme(other)}
        >
          {theme === 'dark' ? <IconSun size={18} /> : <IconMoon size={18} />}
        </button>
        <button
          className="icon-button"
          type="button"
          aria-label="Sign out"
          title={who === undefined ? 'Sign out' : `Sign out (${who.actor}, ${who.role})`}
          onClick={() => signOut()}
        >
          <IconLogout size={18} />
        </button>
      </header>
      <main id="content" className="content" tabIndex={-1}>
        {live.state === 'lost' && (
          <Notice tone="warn">
            <strong>Stale since {clockText(live.sinceMs)}.</strong> The stream of changes broke off; it is being
            reconnected, and missed changes will follow. Until then only pause, abort and rollback can be pressed.
          </Notice>
        )}
        {children}
      </main>
    </>
  );
}
