import type { Timers, Tokens } from '@sluice/control';

/** How long a token is taken for good without asking. */
const goodForMs = 5_000;

interface Answer {
  readonly askedAt: number;
  readonly allowed: Promise<boolean>;
}

/** Whether the tokens behind open streams still hold: asked once per token and 5 s, however many streams it has. */
export class StreamTokens {
  private readonly answers = new Map<string, Answer>();

  constructor(
    private readonly tokens: Pick<Tokens, 'authenticate'>,
    private readonly timers: Timers,
  ) {}

  /** `now`: asks also when the last answer is younger than that. Rejects when the database can't be asked. */
  stillAllowed(tokenId: string, secret: string, now: boolean): Promise<boolean> {
    const last = this.answers.get(tokenId);
    if (last && !now && this.timers.now() - last.askedAt < goodForMs) return last.allowed;
    const allowed = this.tokens.authenticate(secret).then((caller) => caller !== null);
    this.answers.set(tokenId, { askedAt: this.timers.now(), allowed });
    return allowed;
  }

  /** The token's last stream has ended. */
  forget(tokenId: string): void {
    this.answers.delete(tokenId);
  }

  /** For how many ms an answer holds. */
  get goodForMs(): number {
    return goodForMs;
  }
}
