import { useState } from "preact/hooks";

import type { Card, Status } from "../api";
import { inWh, number, span, title, when } from "../format";
import { useAnswer, usePolled, type Job, type JobDetails, type Jobs } from "../jobs";
import { nodeNow } from "../model";

interface Props {
  status: Status;
  connected: boolean;
}

/** Cards that sources of jobs declare. */
export function JobCards(props: Props) {
  const cards = props.status.cards.filter((card) => card.kind === "jobs");
  return (
    <>
      {cards.map((card) => (
        <JobCard key={card.title} {...props} card={card} />
      ))}
    </>
  );
}

function JobCard({ card, status, connected }: Props & { card: Card }) {
  const { list = "", job = "" } = card.options ?? {};
  const { answer, problem } = usePolled<Jobs>(list, connected, status.clock.rate);
  const shared = { zone: status.node.time_zone, unit: answer?.unit ?? "", route: job };
  return (
    <section class="card jobs" aria-label={card.title}>
      <div class="heading">
        <h2>{card.title}</h2>
        {answer && <span class={`chip ${tone(answer.state)}`}>{title(answer.state)}</span>}
      </div>
      {problem && <p class="warn">{problem}</p>}
      {answer && <Summary jobs={answer} />}
      {answer && answer.jobs.length === 0 && <p class="muted">No job was taken yet.</p>}
      {answer && answer.jobs.length > 0 && (
        <ul class="joblist">
          {answer.jobs.map((each) => (
            <JobRow key={each.job_id} job={each} {...shared} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Summary({ jobs }: { jobs: Jobs }) {
  const { unit } = jobs;
  return (
    <>
      {jobs.sentence && <p class="muted">{jobs.sentence}</p>}
      <dl class="facts">
        <Fact name="Earned" value={`${money(jobs.earned)} ${unit}`} tone="sun" />
        <Fact name={jobs.paid === 1 ? "Job paid" : "Jobs paid"} value={String(jobs.paid)} />
        <Fact name="Energy of all" value={inWh(jobs.energy_wh)} tone="load" />
        {jobs.earned_per_wh !== null && (
          <Fact name="A watt-hour earned" value={`${money(jobs.earned_per_wh)} ${unit}`} tone="price" />
        )}
        {jobs.facts.map((fact) => (
          <Fact key={fact.name} name={fact.name} value={fact.value} />
        ))}
      </dl>
    </>
  );
}

function Fact({ name, value, tone: toned }: { name: string; value: string; tone?: string }) {
  return (
    <div class={toned}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

interface Shared {
  zone: string;
  unit: string;
  route: string;
}

function JobRow({ job, ...shared }: Shared & { job: Job }) {
  const [open, setOpen] = useState(false);
  const ended = job.ended_utc !== null;
  return (
    <li class={`job ${job.state}`} data-job={job.job_id}>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <span class="name">
            <b>{job.title}</b> <small>{job.job_id.slice(0, 12)}</small>
          </span>
          <span class="stage">{job.state === "paused" ? `paused, ${job.stage}` : job.stage}</span>
          <span class="figures">
            {inWh(job.energy_wh)}
            {job.run_s >= 1 && `, ${span(job.run_s)}`}
          </span>
          <span class="pay">{pay(job, shared.unit)}</span>
          <span class="moment">{when(new Date(job.ended_utc ?? job.created_utc), nodeNow(), shared.zone)}</span>
          {!ended && job.progress !== null && <Progress job={job} />}
          {job.sentence && <span class={job.state === "failed" ? "said warn" : "said muted"}>{job.sentence}</span>}
        </summary>
        {open && <Details job={job} {...shared} />}
      </details>
    </li>
  );
}

function Progress({ job }: { job: Job }) {
  const percent = Math.round(100 * (job.progress ?? 0));
  return (
    <span
      class="progress"
      role="progressbar"
      aria-label={`${job.title}: ${job.stage}`}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <i style={{ width: `${percent}%` }} />
    </span>
  );
}

/** Asked for when it is opened, and again when the job has moved on. */
function Details({ job, route, zone }: Shared & { job: Job }) {
  const { answer, problem } = useAnswer<JobDetails>(`${route}/${job.job_id}`, `${job.stage} ${job.ended_utc ?? ""}`);
  if (problem) return <p class="warn">{problem}</p>;
  if (!answer) return <p class="muted">…</p>;
  return (
    <div class="inside">
      <ol class="stages" aria-label="Stages">
        {answer.stages.map((each) => (
          <li key={`${each.time_utc} ${each.stage}`}>
            <time dateTime={each.time_utc}>{when(new Date(each.time_utc), nodeNow(), zone)}</time>{" "}
            {title(each.stage.toLowerCase())}
          </li>
        ))}
      </ol>
      {answer.result && <Result location={answer.result} />}
      <Log name="Output" text={answer.logs?.stdout} />
      <Log name="Errors" text={answer.logs?.stderr} />
    </div>
  );
}

function Result({ location }: { location: string }) {
  return (
    <p>
      <span class="muted">Result</span>{" "}
      {/^https?:\/\//.test(location) ? (
        <a href={location} rel="noreferrer noopener" target="_blank">
          {location}
        </a>
      ) : (
        <code>{location}</code>
      )}
    </p>
  );
}

function Log({ name, text }: { name: string; text: string | undefined }) {
  if (!text?.trim()) return null;
  return (
    <>
      <p class="muted">{name}</p>
      <pre tabIndex={0} aria-label={name}>
        {text}
      </pre>
    </>
  );
}

function pay(job: Job, unit: string): string {
  if (job.earned !== null) return job.state === "done" || job.earned > 0 ? `+${money(job.earned)} ${unit}` : "";
  return job.expected === null ? "" : `${money(job.expected)} ${unit} expected`;
}

/** Four figures that count, without zeros behind them. */
function money(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 ? 1 : size >= 1 ? 3 : size >= 0.001 || size === 0 ? 4 : 9;
  return number(value, digits).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

function tone(state: string): string {
  if (state === "working") return "good";
  return state === "disconnected" || state === "stopped" ? "bad" : "quiet";
}
