# bash completion for sluice; written by `sluice completion bash`
_sluice() {
  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words='' args i
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W 'serve down login logout whoami stack stage env approve reject approvals retry redeploy rollback promote pause resume cancel status changes deployments deployment logs wait open token git-credential completion --help --version' -- "$word"))
    return
  fi
  args=1
  case $command in
    env) if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W 'list set unset copy diff --help' -- "$word")); return; fi
      command="$command ${COMP_WORDS[2]}"; args=2 ;;
    stack) if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W 'create list show set delete --help' -- "$word")); return; fi
      command="$command ${COMP_WORDS[2]}"; args=2 ;;
    stage) if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W 'add list show set delete --help' -- "$word")); return; fi
      command="$command ${COMP_WORDS[2]}"; args=2 ;;
    token) if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W 'create list revoke --help' -- "$word")); return; fi
      command="$command ${COMP_WORDS[2]}"; args=2 ;;
  esac
  case $command in
    'serve') words='--help --data --listen --gateway --builds' ;;
    'down') words='--help --data' ;;
    'login') words='--help --token' ;;
    'logout') words='--help' ;;
    'whoami') words='--help --json' ;;
    'stack create') words='--help --json --repo --branch --stage --repo-token --deploy-key' ;;
    'stack list') words='--help --json' ;;
    'stack show') words='--help --json' ;;
    'stack set') words='--help --json --branch --repo' ;;
    'stack delete') words='--help --json --confirm' ;;
    'stage add') words='--help --json --before --after --approval --no-approval --instances --database --endpoint --caching --no-caching --access --region --copy-from' ;;
    'stage list') words='--help --json' ;;
    'stage show') words='--help --json' ;;
    'stage set') words='--help --json --approval --no-approval --instances --database --endpoint --caching --no-caching --access' ;;
    'stage delete') words='--help --json --confirm --force' ;;
    'env list') words='--help --json --build --runtime' ;;
    'env set') words='--help --json --build --runtime --secret --from-file' ;;
    'env unset') words='--help --json --build --runtime' ;;
    'env copy') words='--help --json --build --runtime' ;;
    'env diff') words='--help --build --runtime' ;;
    'approve') words='--help --json --change --message' ;;
    'reject') words='--help --json --change --message' ;;
    'approvals') words='--help --json' ;;
    'retry') words='--help --json --deployment' ;;
    'redeploy') words='--help --json --rebuild' ;;
    'rollback') words='--help --json --to --settings --build --pause' ;;
    'promote') words='--help --json --change' ;;
    'pause') words='--help --json' ;;
    'resume') words='--help --json' ;;
    'cancel') words='--help --json' ;;
    'status') words='--help --json --watch' ;;
    'changes') words='--help --json --commit --limit' ;;
    'deployments') words='--help --json --limit' ;;
    'deployment') words='--help --json' ;;
    'logs') words='--help --build --release --runtime --access --follow --deployment --since' ;;
    'wait') words='--help --json --change --commit --for --timeout' ;;
    'open') words='--help --json' ;;
    'token create') words='--help --json --role --expires --data' ;;
    'token list') words='--help --json' ;;
    'token revoke') words='--help --json' ;;
    'git-credential') words='--help' ;;
    'completion') words='--help' ;;
  esac
  if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "$words" -- "$word")); return; fi
  local place=0
  for ((i = args + 1; i < COMP_CWORD; i++)); do [[ ${COMP_WORDS[i]} == -* ]] || place=$((place + 1)); done
  case $command in login|token*|completion|serve|down|deployment|git-credential|'stack create') return ;; esac
  if [[ $place -eq 0 ]]; then
    words=$(sluice stack list 2>/dev/null | awk 'NR > 1 { print $1 }')
  elif [[ $place -eq 1 ]]; then
    words=$(sluice stage list "${COMP_WORDS[args + 1]}" 2>/dev/null | awk 'NR > 1 { print $1 }')
  else
    return
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _sluice sluice
