let loading: Promise<void> | null = null;

/** Brings the styles that the first page does without. Where they do not come, pages work all the same. */
export function moreStyles(): Promise<void> {
  return loading ??= new Promise((resolve) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = document.querySelector<HTMLMetaElement>("meta[name=more-styles]")!.content;
    link.onload = () => resolve();
    link.onerror = () => {
      loading = null;
      resolve();
    };
    document.head.append(link);
  });
}
