import { Button, Center, Code, Group, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useLocation, useNavigate } from "react-router-dom";
import { ApiError, client, told } from "@/api/client";
import { keys } from "@/api/queries";
import { codeOf, credentials } from "./code";

export default function SignIn() {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const here = useLocation();
  const back = (here.state as { back?: string } | null)?.back ?? "/";
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState<string>();
  useEffect(() => {
    document.title = "Sign in · Sluice";
  }, []);
  const signIn = useMutation({
    mutationFn: (given: string) => told(client.POST("/api/v1/session", { body: credentials(given) })),
    onSuccess: (who) => {
      cache.clear();
      cache.setQueryData(keys.me(), who);
      navigate(back, { replace: true });
    },
    onError: (error) => setWrong(error instanceof ApiError ? error.message : String(error)),
  });
  const { mutate } = signIn;
  const taken = useRef(false);
  useEffect(() => {
    const code = codeOf(here.hash);
    if (!code || taken.current) return;
    taken.current = true; // a code is good once
    navigate("/sign-in", { replace: true, state: here.state as unknown }); // out of the address and the history
    mutate(code);
  }, [here, navigate, mutate]);
  return (
    <Center mih="100vh" p="md" component="main">
      <Paper
        component="form"
        withBorder
        p="xl"
        radius="lg"
        w="100%"
        maw={420}
        onSubmit={(event: React.FormEvent) => {
          event.preventDefault();
          if (!typed.trim()) return setWrong("Type the code or a token.");
          setWrong(undefined);
          mutate(typed.trim());
        }}
      >
        <Stack>
          <Group gap="sm">
            <img src="/icon.svg" width={32} height={32} alt="" />
            <Title order={1} size="h3">
              Sign in to Sluice
            </Title>
          </Group>
          <PasswordInput
            label="Code or token"
            placeholder="slc_…"
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            error={wrong}
            autoFocus
            autoComplete="current-password"
            autoCapitalize="none"
            spellCheck={false}
          />
          <Button type="submit" loading={signIn.isPending}>
            Sign in
          </Button>
          <Text size="sm" c="dimmed">
            The server printed a code, and a link that holds it, at its first start. On its machine,{" "}
            <Code>sluice token create NAME --role admin --data DIR</Code> makes a token; admins who are signed in make more
            of them.
          </Text>
        </Stack>
      </Paper>
    </Center>
  );
}
