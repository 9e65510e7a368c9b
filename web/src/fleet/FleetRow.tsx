// One release in one row: name and owner, state and reason, version, progress, the last deploys.
import { type CSSProperties, memo } from 'react';
import type { Release } from '../api/schema';
import { Link, releaseAddress } from '../lib/router';
import { shortImage } from '../lib/version';
import { describe, Progress } from '../parts/Progress';
import { StateIcon, StateWord } from '../parts/StateMark';
import { Strip } from '../parts/Strip';
import { VersionText } from '../parts/Version';
import { When } from '../parts/When';

export const FleetRow = memo(
  function FleetRow({ release, index, style }: { release: Release; index: number; style: CSSProperties }) {
    const image = release.artifacts.docker[0]?.image;
    const { old, new: now } = release.version;
    return (
      <div role="row" className="row" style={style} data-index={index} data-release={`${release.namespace}/${release.name}`} aria-rowindex={index + 2}>
        <div role="cell" className="c-name">
          <Link href={releaseAddress(release)} className="name">
            {release.name}
          </Link>
          <span className="second">
            {release.namespace}
            {release.owner.squad && <> · {release.owner.squad}</>}
          </span>
        </div>
        <div role="cell" className="c-state">
          <StateIcon state={release.state} />
          <span className="first">
            <StateWord state={release.state} /> <When at={release.since} />
            {release.held && release.state !== 'held' && <span className="tag">on hold</span>}
          </span>
          <span className="second reason" title={release.reason}>
            {release.reason || (release.state === 'deployed' ? `revision ${release.version.revision}` : '')}
          </span>
        </div>
        <div role="cell" className="c-version">
          <span className="first">
            {old && old !== now && (
              <>
                <VersionText version={old} />
                <span className="arrow">
                  <span aria-hidden="true">→</span>
                  <span className="visually-hidden"> to </span>
                </span>
              </>
            )}
            {now ? <VersionText version={now} /> : <span className="second">none</span>}
          </span>
          <span className="second" title={image}>
            {image ? shortImage(image) : release.artifacts.chart.path}
          </span>
        </div>
        <div role="cell" className="c-progress">
          <Progress stages={release.stages} />
          <span className="second" aria-hidden="true">
            {describe(release.stages)}
          </span>
        </div>
        <div role="cell" className="c-strip">
          <Strip recent={release.recent} />
          <span className="second">
            <span className="visually-hidden">last deploy </span>
            <When at={release.lastDeployed} />
          </span>
        </div>
      </div>
    );
  },
  (a, b) => a.release === b.release && a.index === b.index && a.style.transform === b.style.transform && a.style.height === b.style.height,
);
