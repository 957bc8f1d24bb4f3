import { QueryClientProvider } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Route, Switch } from 'wouter';
import { Api } from './api/api.js';
import { ApiContext } from './api/api-context.js';
import { LiveProvider } from './api/live.js';
import { newQueryClient } from './api/query-client.js';
import { RolloutPage } from './rollout/rollout-page.js';
import { HomePage } from './rollouts/home-page.js';
import { RolloutsPage } from './rollouts/rollouts-page.js';
import { SignIn } from './session/sign-in.js';
import { signOut, useSession } from './session/session.js';
import { Shell } from './shell/shell.js';
import { Empty } from './ui/states.js';

export function App() {
  const { token } = useSession();
  return token === null ? <SignIn /> : <SignedIn key={token} token={token} />;
}

function SignedIn({ token }: { token: string }) {
  const api = useMemo(() => new Api(token), [token]);
  const queries = useMemo(() => newQueryClient(() => signOut('This token is not valid any more.')), []);
  return (
    <ApiContext value={api}>
      <QueryClientProvider client={queries}>
        <LiveProvider>
          <Shell>
            <Switch>
              <Route path="/" component={HomePage} />
              <Route path="/rollouts" component={RolloutsPage} />
              <Route path="/rollouts/:id">{({ id }) => <RolloutPage key={id} id={id} />}</Route>
              <Route>
                <Empty
                  title="There is no such page"
                  text="The address may be mistyped. All rollouts are one click away."
                  link={{ href: '/rollouts', text: 'All rollouts' }}
                />
              </Route>
            </Switch>
          </Shell>
        </LiveProvider>
      </QueryClientProvider>
    </ApiContext>
  );
}
