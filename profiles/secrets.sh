# Gives a shell the secrets that nopal keeps in this machine's memory; bash, zsh and sh read it.
# The folder holds `set`, a word that changes with its content, and for each set an env.sh.
nopal_set=
[ ! -r /run/nopal/secrets/set ] || read -r nopal_set < /run/nopal/secrets/set

# The repo that the shell stands in, if it has secrets of its own; a worktree of it is REPO@BRANCH.
nopal_repo=
case $PWD in "$HOME"/code/?*) nopal_repo=${PWD#"$HOME"/code/} ;; esac
until [ -z "$nopal_repo" ] || [ -r "/run/nopal/secrets/repos/$nopal_repo/env.sh" ]; do
    case ${nopal_repo##*/} in
    *@*) nopal_repo=${nopal_repo%@*} ;;
    *) case $nopal_repo in */*) nopal_repo=${nopal_repo%/*} ;; *) nopal_repo= ;; esac ;;
    esac
done

# Once for a tree of processes: what somebody sets over it stays. When the set has changed, what it
# no longer holds goes, which a tmux server would hand on for ever.
if [ "${NOPAL_SECRETS_SET- }" != "$nopal_set $nopal_repo" ]; then
    while [ -n "${NOPAL_SECRETS-}" ]; do
        unset "${NOPAL_SECRETS%% *}"
        NOPAL_SECRETS=${NOPAL_SECRETS#* }
    done
    [ -z "$nopal_set" ] || . /run/nopal/secrets/env.sh
    [ -z "$nopal_repo" ] || . "/run/nopal/secrets/repos/$nopal_repo/env.sh"
    export NOPAL_SECRETS NOPAL_SECRETS_SET="$nopal_set $nopal_repo"
fi
unset nopal_set nopal_repo
