// Ship-it itself: where events come from, what waits, who leads.
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api } from '../api/client';
import type { System } from '../api/schema';
import { duration } from '../lib/time';
import { Async } from '../parts/Async';
import { When } from '../parts/When';
import { Said } from '../release/Said';
import { useAsk } from '../release/useCommand';

export function SystemPage() {
  const query = useQuery({ queryKey: ['system'], queryFn: api.system, refetchInterval: 5000 });
  useEffect(() => {
    document.title = 'System · Ship-it';
  }, []);
  return (
    <div className="page system">
      <h1>System</h1>
      <Async query={query}>{(data) => <Loaded data={data} />}</Async>
    </div>
  );
}

const number = (n: number | undefined) => (n === undefined ? '' : n.toLocaleString('en', { maximumFractionDigits: 1 }));

/** Many releases failed together: nothing new starts until a person says so, or ten minutes pass. */
function Breaker({ why }: { why: string }) {
  const { said, ask, busy } = useAsk(['system']);
  return (
    <div className="headline is-held" role="alert">
      <b>held</b>: {why}: nothing new starts, and nothing is rolled back by itself.{' '}
      <button type="button" disabled={busy} onClick={() => void ask(api.resume, 'It goes on')}>
        Go on
      </button>{' '}
      <Said said={said} />
    </div>
  );
}

function Loaded({ data }: { data: System }) {
  return (
    <>
      {data.breaker && <Breaker why={data.breaker} />}
      <dl className="facts">
        <div>
          <dt>Version</dt>
          <dd>
            {data.version}
            {data.commit && <span className="second"> {data.commit.slice(0, 7)}</span>}
          </dd>
        </div>
        <div>
          <dt>Running since</dt>
          <dd>
            <When at={data.started} focusable />
          </dd>
        </div>
        {data.cluster && (
          <div>
            <dt>Cluster</dt>
            <dd>{data.cluster}</dd>
          </div>
        )}
        {data.leader && (
          <div>
            <dt>Leader</dt>
            <dd>
              {data.leader.name || 'unknown'}
              {data.leader.self && <span className="second"> this process</span>}
            </dd>
          </div>
        )}
        <div>
          <dt>Releases</dt>
          <dd>{number(data.releases)}</dd>
        </div>
        <div>
          <dt>Viewers</dt>
          <dd>{number(data.viewers)}</dd>
        </div>
        <div>
          <dt>Metrics</dt>
          <dd>
            <a href="/metrics">/metrics</a>
          </dd>
        </div>
      </dl>
      <Table
        title="Sources"
        none="No source is connected."
        columns={['Name', 'Kind', 'State', 'Last', 'Received', 'Lag']}
        rows={data.sources.map((s) => [s.name, s.kind ?? '', <span key="s" className={`word is-${s.state}`}>{s.state}{s.reason && <span className="second"> {s.reason}</span>}</span>, s.last ? <When key="l" at={s.last} focusable /> : 'never', number(s.received), s.lag_ms === undefined ? '' : duration(s.lag_ms)])}
      />
      {data.queues && data.queues.length > 0 && (
        <Table title="Queues" columns={['Name', 'Waiting', 'Oldest', 'Busy']} rows={data.queues.map((q) => [q.name, number(q.depth), q.oldest_ms === undefined ? '' : duration(q.oldest_ms), q.limit === undefined ? '' : `${q.busy ?? 0} of ${q.limit}`])} />
      )}
      {data.deliveries && data.deliveries.length > 0 && (
        <Table title="Deliveries" columns={['To', 'Sent', 'Failed', 'Last']} rows={data.deliveries.map((d) => [d.to, number(d.sent), <span key="f">{number(d.failed)}{d.error && <span className="second"> {d.error}</span>}</span>, d.last ? <When key="l" at={d.last} focusable /> : 'never'])} />
      )}
      {data.requests && data.requests.length > 0 && <Table title="Requests to the API server" columns={['Verb', 'Count', 'Errors', 'A minute']} rows={data.requests.map((r) => [r.verb, number(r.count), number(r.errors), number(r.per_minute)])} />}
      {Object.keys(data.counters).length > 0 && (
        <Table title="Counts since the start" columns={['What', 'Count']} rows={Object.entries(data.counters).map(([name, count]) => [name.replaceAll('_', ' '), number(count)])} />
      )}
    </>
  );
}

function Table({ title, columns, rows, none }: { title: string; columns: string[]; rows: React.ReactNode[][]; none?: string }) {
  return (
    <section>
      <h2>{title}</h2>
      {rows.length === 0 ? (
        <p className="nothing">{none ?? 'None.'}</p>
      ) : (
        <div className="scroll" tabIndex={0} role="region" aria-label={title}>
          <table>
            <thead>
              <tr>
                {columns.map((c) => (
                  <th key={c} scope="col">
                    {c}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row, i) => (
                <tr key={i}>
                  {row.map((cell, j) => (j === 0 ? <th key={j} scope="row">{cell}</th> : <td key={j}>{cell}</td>))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
