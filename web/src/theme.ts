import { createTheme, type CSSVariablesResolver } from "@mantine/core";

export const theme = createTheme({
  primaryColor: "blue",
  primaryShade: 8, // white on it, and it on white, can be read by everybody
  defaultRadius: "md",
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: "650" },
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    // No button is smaller than a finger or a trembling hand can hit (WCAG 2.2, 2.5.8), whatever its size is called.
    ActionIcon: { defaultProps: { miw: 24, mih: 24 } },
    CloseButton: { defaultProps: { miw: 24, mih: 24 } },
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } }, // a child that no menu may have
    // It is no banner of the document, which is how a bare <header> is read.
    ModalCloseButton: { defaultProps: { "aria-label": "Close" } },
    ModalHeader: { defaultProps: { role: "presentation" } },
  },
});

// Text in a colour on a light shade of it: Mantine's own are below a contrast of 4.5 to 1 in light.
const readable = { green: "#237032", blue: "#1864ab", red: "#c22525", yellow: "#855600", gray: "#495057", grape: "#862e9c" };

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#5c636a",
    "--mantine-color-placeholder": "#6c737a",
    "--mantine-color-error": "#c92a2a",
    ...Object.fromEntries(
      Object.entries(readable).flatMap(([name, color]) => [
        [`--mantine-color-${name}-light-color`, color],
        [`--mantine-color-${name}-text`, color],
      ]),
    ),
  },
  dark: {
    "--mantine-color-dimmed": "#a6a6a6",
    "--mantine-color-placeholder": "#949494",
    "--mantine-color-error": "#ff8787",
  },
});
