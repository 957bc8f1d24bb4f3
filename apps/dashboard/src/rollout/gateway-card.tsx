import type { AccountGateway, Rollout } from '@sluice/contracts';
import { useGateway } from '../api/queries.js';
import { serverNow } from '../api/server-clock.js';
import { errorText } from '../format/error-text.js';
import { counted } from '../format/text.js';
import { durationText } from '../format/time.js';
import { Card } from '../ui/card.js';
import { Notice } from '../ui/notice.js';
import { Loading } from '../ui/states.js';
import { hasEnded } from './ended.js';

type Gateway = NonNullable<AccountGateway['gateway']>;
type Spending = NonNullable<Gateway['spending']>;

/** More accounts than this are another kind of page. */
const mostAccounts = 3;

/** What is spent of AWS's limits in each account that the rollout's routes are in, while it may still spend. */
export function GatewayCards({ rollout }: { rollout: Rollout }) {
  if (hasEnded(rollout.state)) return null;
  const accounts = [...new Set(rollout.plan.routes.map(({ accountId }) => accountId))];
  return accounts.slice(0, mostAccounts).map((accountId) => <GatewayCard key={accountId} accountId={accountId} />);
}

function GatewayCard({ accountId }: { accountId: string }) {
  const { data, error } = useGateway(accountId);
  return (
    <Card
      title="AWS limits"
      aside={
        data !== undefined && (
          <span className="muted num">
            {data.awsAccountId}, {data.region}
          </span>
        )
      }
    >
      {data === undefined ? (
        error === null ? (
          <Loading what="Reading what is spent" />
        ) : (
          <Notice tone="warn">What is spent of them can&apos;t be read just now: {errorText(error)}</Notice>
        )
      ) : (
        <Budgets gateway={data.gateway} />
      )}
    </Card>
  );
}

function Budgets({ gateway }: { gateway: Gateway | null }) {
  if (gateway === null)
    return (
      <Notice tone="bad">
        Whose account this is isn&apos;t proven, so nothing is read or written. Check the account.
      </Notice>
    );
  if (!gateway.isOwned)
    return <Notice tone="bad">No worker reads or writes for this account now. Is one running?</Notice>;
  const { budget, spending, accountCount } = gateway;
  if (spending === null) return <p className="muted">A worker has taken it up just now.</p>;
  return (
    <div className="budgets">
      <Budget name="Writes" use={spending.writes} configured={budget.modifyPerSecond} burst={budget.modifyBurst} />
      <Budget name="Reads" use={spending.reads} configured={budget.readPerSecond} burst={budget.readBurst} />
      <p className="muted small">
        Weights and health are looked at every {durationText(Math.ceil(spending.lookEveryMs / 1_000) * 1_000)}
        {accountCount > 1 && `, for ${counted(accountCount, 'account record')} together`}. As of{' '}
        {durationText(Math.max(0, Math.round((serverNow() - Date.parse(spending.at)) / 1_000)) * 1_000)} ago.
      </p>
    </div>
  );
}

function Budget({
  name,
  use,
  configured,
  burst,
}: {
  name: string;
  use: Spending['reads'];
  configured: number;
  burst: number;
}) {
  const isThrottled = use.allowedPerSecond < configured;
  const full = Math.max(use.allowedPerSecond, use.perSecond);
  return (
    <div className="budget">
      <div className="budget-head">
        <strong>{name}</strong>
        <span className="num">
          {rate(use.perSecond)} <span className="muted">of {rate(configured)} a second</span>
        </span>
      </div>
      <div
        className="meter"
        role="meter"
        aria-label={`${name} a second`}
        aria-valuemin={0}
        aria-valuemax={configured}
        aria-valuenow={Math.min(configured, use.perSecond)}
      >
        <span style={{ width: `${full === 0 ? 0 : (100 * use.perSecond) / Math.max(configured, full)}%` }} />
      </div>
      <div className="muted small num">
        {use.tokens} of {burst} could go at once
      </div>
      {isThrottled && (
        <div className="text-warn small">AWS throttles us: at most {rate(use.allowedPerSecond)} a second for now.</div>
      )}
    </div>
  );
}

const rate = (perSecond: number) => String(Math.round(perSecond * 10) / 10);
