// A command to the server, and what it said: shown where it was clicked.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { api, type Verb } from '../api/client';

export type Said = { tone: 'busy' | 'ok' | 'bad'; text: string } | undefined;

const done: Record<Verb, string> = {
  rollback: 'Asked for; it starts at once',
  hold: 'On hold',
  release: 'Released',
  retry: 'Asked for; it starts at once',
  lift: 'Lifted by a commit',
};

export function useCommand(namespace: string, name: string) {
  const client = useQueryClient();
  const [said, setSaid] = useState<Said>();
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => () => clearTimeout(timer.current), []);
  const send = async (verb: Verb, body?: object): Promise<boolean> => {
    clearTimeout(timer.current);
    setSaid({ tone: 'busy', text: 'Sending…' });
    try {
      const { command } = await api.command(namespace, name, verb, body);
      setSaid({ tone: 'ok', text: `${done[verb]} (${command.slice(0, 16)})` });
      timer.current = setTimeout(() => setSaid(undefined), 8000);
      void client.invalidateQueries({ queryKey: ['release', namespace, name] });
      return true;
    } catch (error) {
      setSaid({ tone: 'bad', text: error instanceof Error ? error.message : String(error) });
      return false;
    }
  };
  return { said, send, busy: said?.tone === 'busy' };
}
