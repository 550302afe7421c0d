/** The fates of promises in short: values as they are, errors by their code or message. */
export async function fates(promises: readonly Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((each) =>
    each.status === 'fulfilled'
      ? each.value
      : ((each.reason as { code?: string })?.code ?? String(each.reason)),
  );
}
