// Tags, images and the links that can be made of them. Pure.

/** Seven digits of a commit sha; anything else as it is, cut at 24. */
export function shortVersion(version: string): string {
  if (isSha(version)) return version.slice(0, 7);
  return version.length > 24 ? `${version.slice(0, 23)}…` : version;
}

export function isSha(version: string): boolean {
  return /^[0-9a-f]{40}$/.test(version);
}

/** The last part of an image's name: "723….amazonaws.com/team/hello" → "hello". */
export function shortImage(image: string): string {
  const name = image.split('@')[0] ?? image;
  return name.slice(name.lastIndexOf('/') + 1) || image;
}

/** The repository's root in a code annotation, which may point at a folder of a branch. */
export function repositoryOf(code: string): string | undefined {
  const found = /^(https?:\/\/[^/]+\/[^/]+\/[^/]+?)(?:\.git)?(?:\/|$)/.exec(code);
  return found?.[1];
}

/** Where a sha's commit can be read, or undefined when that can't be told. */
export function commitUrl(code: string, version: string): string | undefined {
  const repository = repositoryOf(code);
  return repository && isSha(version) ? `${repository}/commit/${version}` : undefined;
}

/** Where the change from one sha to the other can be read. */
export function compareUrl(code: string, from: string, to: string): string | undefined {
  const repository = repositoryOf(code);
  return repository && isSha(from) && isSha(to) ? `${repository}/compare/${from}...${to}` : undefined;
}

/** Only http and https may be followed: annotations are written by others. */
export function safeUrl(url: string | undefined): string | undefined {
  return url && /^https?:\/\//i.test(url) ? url : undefined;
}
