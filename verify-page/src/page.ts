/** The page at /verify: a file chosen, dropped or pasted, or a link, to a verdict. A later check replaces an earlier one. */
import { type Checked, checkFile, checkLink } from './check.ts';
import { showReport } from './show-report.ts';

const status = find('status', HTMLElement);
const result = find('result', HTMLElement);
const chooser = find('file', HTMLInputElement);
const link = find('url', HTMLInputElement);
let checks = 0;

chooser.addEventListener('change', () => {
  const [file] = chooser.files ?? [];
  // The same file again is a new check.
  chooser.value = '';
  if (file) void run(file.name, () => checkFile(file));
});
find('link', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  const url = link.value.trim();
  void run(url, () => checkLink(url));
});
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  document.body.classList.add('dragging');
});
document.addEventListener('dragleave', ({ relatedTarget }) => {
  if (!relatedTarget) document.body.classList.remove('dragging');
});
document.addEventListener('drop', (event) => {
  event.preventDefault();
  document.body.classList.remove('dragging');
  take(event.dataTransfer);
});
document.addEventListener('paste', ({ clipboardData }) => take(clipboardData));
status.textContent = 'Nothing checked yet.';

function take(data: DataTransfer | null): void {
  const [file] = data?.files ?? [];
  if (file) void run(file.name, () => checkFile(file));
}

async function run(name: string, check: () => Promise<Checked>): Promise<void> {
  checks += 1;
  const mine = checks;
  result.hidden = true;
  status.classList.remove('spoken');
  status.textContent = `Checking ${name}…`;
  try {
    const checked = await check();
    if (mine !== checks) return;
    result.replaceChildren(...showReport(checked, name));
    // To those who see it, the verdict says it.
    status.classList.add('spoken');
    status.textContent = `Checked: ${checked.report.summary}`;
    result.hidden = false;
    result.focus();
  } catch (error) {
    if (mine === checks) status.textContent = error instanceof Error ? error.message : String(error);
  }
}

function find<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`The page has no #${id}`);
  return found;
}
