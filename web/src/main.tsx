// The page starts here: the server's own data into the query cache, the feed, then React.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError, readBoot } from './api/client';
import { startFeed } from './api/feed';
import { readFilter, writeFilter } from './lib/filter';
import { Shell } from './parts/Shell';
import 'uplot/dist/uPlot.min.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/fleet.css';
import './styles/release.css';
import './styles/pages.css';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // The feed says when something is old; a second look on focus is for sleep and lost networks.
      staleTime: 60_000,
      retry: (count, error) => count < 3 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});

const boot = readBoot();
if (boot?.page) {
  const key = writeFilter(readFilter(location.search));
  client.setQueryData(['releases', key], { pages: [boot.page], pageParams: [undefined] });
}
if (boot?.release) client.setQueryData(['release', boot.release.namespace, boot.release.name], boot.release);
if (boot?.repository) client.setQueryData(['repository-state'], boot.repository);
startFeed(client, boot?.feed);

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <Shell simulated={boot?.simulated ?? false} />
    </QueryClientProvider>
  </StrictMode>,
);
