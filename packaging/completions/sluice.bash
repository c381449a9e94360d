# bash completion for sluice; written by `sluice completion bash`
_sluice() {
  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
  local options='' takes=' ' places='' args=1 kind='' stack='' stage='' found='' i
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W 'serve down login logout whoami stack stage key purge certificate region db env approve reject approvals retry redeploy rollback promote pause resume cancel status changes deployments deployment logs wait open top usage prices token doctor git-credential completion --help --version' -- "$word"))
    return
  fi
  case $command in
    certificate) if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W 'add list renew remove --help' -- "$word")); return; fi
      command="$command ${COMP_WORDS[2]}"; args=2 ;;
    db) if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W 'psql backup restore copy list delete --help' -- "$word")); return; fi
      command="$command ${COMP_WORDS[2]}"; args=2 ;;
    env) if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W 'list set unset copy history diff --help' -- "$word")); return; fi
      command="$command ${COMP_WORDS[2]}"; args=2 ;;
    key) if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W 'create list revoke --help' -- "$word")); return; fi
      command="$command ${COMP_WORDS[2]}"; args=2 ;;
    region) if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W 'add list remove --help' -- "$word")); return; fi
      command="$command ${COMP_WORDS[2]}"; args=2 ;;
    stack) if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W 'create list show set delete --help' -- "$word")); return; fi
      command="$command ${COMP_WORDS[2]}"; args=2 ;;
    stage) if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W 'add list show set delete --help' -- "$word")); return; fi
      command="$command ${COMP_WORDS[2]}"; args=2 ;;
    token) if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W 'create list revoke --help' -- "$word")); return; fi
      command="$command ${COMP_WORDS[2]}"; args=2 ;;
  esac
  case $command in
    'serve') options='--help --data --listen --gateway --gateway-tls --acme --acme-directory --builds' takes=' --data:file --listen:none --gateway:none --gateway-tls:none --acme:none --acme-directory:none --builds:none ' places='' ;;
    'down') options='--help --data' takes=' --data:file ' places='' ;;
    'login') options='--help --token' takes=' --token:none ' places='none' ;;
    'logout') options='--help' takes=' ' places='' ;;
    'whoami') options='--help --json' takes=' ' places='' ;;
    'stack create') options='--help --json --repo --branch --stage --repo-token --deploy-key' takes=' --repo:none --branch:none --stage:stage --repo-token:none --deploy-key:none ' places='none' ;;
    'stack list') options='--help --json' takes=' ' places='' ;;
    'stack show') options='--help --json' takes=' ' places='stack' ;;
    'stack set') options='--help --json --branch --repo' takes=' --branch:none --repo:none ' places='stack' ;;
    'stack delete') options='--help --json --confirm' takes=' --confirm:none ' places='stack' ;;
    'stage add') options='--help --json --before --after --approval --no-approval --instances --memory --no-memory --cpu --no-cpu --sleep-after --no-sleep-after --hours --no-hours --database --endpoint --caching --no-caching --cache-for --cache-path --rate --burst --body-limit --answer-limit --no-limits --sticky --no-sticky --domain --no-domains --access --region --copy-from' takes=' --before:stage --after:stage --instances:none --memory:none --cpu:none --sleep-after:none --hours:none --database:none,new --endpoint:api_gateway,load_balancer --cache-for:none --cache-path:none --rate:none --burst:none --body-limit:none --answer-limit:none --domain:none --access:public,private --region:none --copy-from:stage ' places='stack stage' ;;
    'stage list') options='--help --json' takes=' ' places='stack' ;;
    'stage show') options='--help --json' takes=' ' places='stack stage' ;;
    'stage set') options='--help --json --approval --no-approval --instances --memory --no-memory --cpu --no-cpu --sleep-after --no-sleep-after --hours --no-hours --database --endpoint --caching --no-caching --cache-for --cache-path --rate --burst --body-limit --answer-limit --no-limits --sticky --no-sticky --domain --no-domains --access' takes=' --instances:none --memory:none --cpu:none --sleep-after:none --hours:none --database:none,new --endpoint:api_gateway,load_balancer --cache-for:none --cache-path:none --rate:none --burst:none --body-limit:none --answer-limit:none --domain:none --access:public,private ' places='stack stage' ;;
    'stage delete') options='--help --json --confirm --force' takes=' --confirm:none ' places='stack stage' ;;
    'key create') options='--help --json' takes=' ' places='stack stage none' ;;
    'key list') options='--help --json' takes=' ' places='stack stage' ;;
    'key revoke') options='--help --json' takes=' ' places='stack stage none' ;;
    'purge') options='--help --json' takes=' ' places='stack stage' ;;
    'certificate add') options='--help --json --certificate --key' takes=' --certificate:none --key:none ' places='stack stage none' ;;
    'certificate list') options='--help --json' takes=' ' places='stack stage' ;;
    'certificate renew') options='--help --json' takes=' ' places='stack stage none' ;;
    'certificate remove') options='--help --json' takes=' ' places='stack stage none' ;;
    'region add') options='--help --json --platform --gateway --gateway-tls' takes=' --platform:none --gateway:none --gateway-tls:none ' places='none' ;;
    'region list') options='--help --json' takes=' ' places='' ;;
    'region remove') options='--help --json' takes=' ' places='none' ;;
    'db psql') options='--help --json' takes=' ' places='stack stage' ;;
    'db backup') options='--help --json --timeout' takes=' --timeout:none ' places='stack stage' ;;
    'db restore') options='--help --json --confirm --timeout' takes=' --confirm:none --timeout:none ' places='stack stage none' ;;
    'db copy') options='--help --json --confirm --timeout' takes=' --confirm:none --timeout:none ' places='stack stage stage' ;;
    'db list') options='--help --json' takes=' ' places='stack stage' ;;
    'db delete') options='--help --json --confirm' takes=' --confirm:none ' places='none' ;;
    'env list') options='--help --json --build --runtime' takes=' ' places='stack stage' ;;
    'env set') options='--help --json --build --runtime --secret --from-file' takes=' --from-file:file ' places='stack stage none' ;;
    'env unset') options='--help --json --build --runtime' takes=' ' places='stack stage none' ;;
    'env copy') options='--help --json --build --runtime' takes=' ' places='stack stage stage' ;;
    'env history') options='--help --json --limit' takes=' --limit:none ' places='stack stage' ;;
    'env diff') options='--help --build --runtime' takes=' ' places='stack stage stage' ;;
    'approve') options='--help --json --change --message' takes=' --change:none --message:none ' places='stack stage' ;;
    'reject') options='--help --json --change --message' takes=' --change:none --message:none ' places='stack stage' ;;
    'approvals') options='--help --json' takes=' ' places='' ;;
    'retry') options='--help --json --deployment' takes=' --deployment:deployment ' places='stack stage' ;;
    'redeploy') options='--help --json --rebuild' takes=' ' places='stack stage' ;;
    'rollback') options='--help --json --to --settings --build --pause' takes=' --to:none --settings:then,now ' places='stack stage' ;;
    'promote') options='--help --json --change' takes=' --change:none ' places='stack stage' ;;
    'pause') options='--help --json' takes=' ' places='stack stage' ;;
    'resume') options='--help --json' takes=' ' places='stack stage' ;;
    'cancel') options='--help --json' takes=' ' places='stack stage' ;;
    'status') options='--help --json --watch' takes=' ' places='stack' ;;
    'changes') options='--help --json --commit --limit' takes=' --commit:none --limit:none ' places='stack' ;;
    'deployments') options='--help --json --limit' takes=' --limit:none ' places='stack stage' ;;
    'deployment') options='--help --json' takes=' ' places='none' ;;
    'logs') options='--help --json --build --release --runtime --access --follow --deployment --since --grep --level' takes=' --deployment:deployment --since:none --grep:none --level:trace,debug,info,warn,error,fatal ' places='stack stage' ;;
    'wait') options='--help --json --change --commit --for --timeout' takes=' --change:none --commit:none --for:success,end,approval --timeout:none ' places='stack stage' ;;
    'open') options='--help --json' takes=' ' places='stack stage' ;;
    'top') options='--help --json --watch' takes=' ' places='stack' ;;
    'usage') options='--help --json --since' takes=' --since:none ' places='stack stage' ;;
    'prices') options='--help --json --currency --instance-hour --gb-hour --none' takes=' --currency:none --instance-hour:none --gb-hour:none ' places='' ;;
    'token create') options='--help --json --role --expires --data' takes=' --role:viewer,developer,admin --expires:none --data:file ' places='none' ;;
    'token list') options='--help --json' takes=' ' places='' ;;
    'token revoke') options='--help --json' takes=' ' places='none' ;;
    'doctor') options='--help --json --data' takes=' --data:file ' places='' ;;
    'git-credential') options='--help' takes=' ' places='none' ;;
    'completion') options='--help' takes=' ' places='bash,zsh' ;;
  esac
  set -- $places
  for ((i = args + 1; i < COMP_CWORD; i++)); do
    if [[ ${COMP_WORDS[i]} == -* ]]; then
      [[ $takes == *" ${COMP_WORDS[i]}:"* ]] && ((i++))
    else
      [[ $1 == stack ]] && stack=${COMP_WORDS[i]}
      [[ $1 == stage ]] && stage=${COMP_WORDS[i]}
      [[ $# -gt 0 ]] && shift
    fi
  done
  if ((i > COMP_CWORD)); then
    kind=${takes#*" ${COMP_WORDS[COMP_CWORD - 1]}:"}
    kind=${kind%% *}
  elif [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
    return
  else
    kind=$1
  fi
  case $kind in
    '' | none) return ;;
    file)
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -f -- "$word"))
      return ;;
    stack) found=$(sluice stack list 2>/dev/null | awk 'NR > 1 { print $1 }') ;;
    stage) found=$(sluice stage list "$stack" 2>/dev/null | awk 'NR > 1 { print $1 }') ;;
    deployment) found=$(sluice deployments "$stack" ${stage:+"$stage"} 2>/dev/null | awk 'NR > 1 { print $1 }') ;;
    *) found=${kind//,/ } ;;
  esac
  COMPREPLY=($(compgen -W "$found" -- "$word"))
}
complete -F _sluice sluice
