// A command to the server, and what it said: shown where it was clicked.
import { type QueryKey, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { api, type Verb } from '../api/client';
import type { Accepted } from '../api/schema';

export type Said = { tone: 'busy' | 'ok' | 'bad'; text: string } | undefined;

const done: Record<Verb, string> = {
  rollback: 'Asked for; it starts at once',
  hold: 'On hold',
  release: 'Released',
  retry: 'Asked for; it starts at once',
  lift: 'Lifted by a commit',
};

/** Sends commands one at a time; what `stale` names is read again after each. */
export function useAsk(stale: QueryKey) {
  const client = useQueryClient();
  const [said, setSaid] = useState<Said>();
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => () => clearTimeout(timer.current), []);
  const ask = async (request: () => Promise<Accepted>, thanks: string): Promise<boolean> => {
    clearTimeout(timer.current);
    setSaid({ tone: 'busy', text: 'Sending…' });
    try {
      const { command } = await request();
      setSaid({ tone: 'ok', text: `${thanks} (${command.slice(0, 16)})` });
      timer.current = setTimeout(() => setSaid(undefined), 8000);
      void client.invalidateQueries({ queryKey: stale });
      return true;
    } catch (error) {
      setSaid({ tone: 'bad', text: error instanceof Error ? error.message : String(error) });
      return false;
    }
  };
  return { said, ask, busy: said?.tone === 'busy' };
}

export function useCommand(namespace: string, name: string) {
  const { said, ask, busy } = useAsk(['release', namespace, name]);
  const send = (verb: Verb, body?: object) => ask(() => api.command(namespace, name, verb, body), done[verb]);
  return { said, send, busy };
}
