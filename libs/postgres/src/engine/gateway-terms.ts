import { defaultApiBudget, type GatewayBudget } from '@sluice/control';

export interface TermsRow {
  id: string;
  account_ids: string[];
  budget: GatewayBudget;
}

const figure = (name: keyof GatewayBudget) =>
  `'${name}', min(coalesce((a.api_budget->>'${name}')::float8, ${defaultApiBudget[name]}))`;

/** Of a gateway `g`: its accounts, and the lowest of each of their figures. No row where it has no account. */
export const gatewayTerms = `
  SELECT array_agg(a.id ORDER BY a.id) AS account_ids,
         jsonb_build_object(${(['modifyPerSecond', 'modifyBurst', 'readPerSecond', 'readBurst'] as const).map(figure).join(', ')}) AS budget
  FROM accounts a WHERE a.gateway_id = g.id HAVING count(*) > 0`;
