# Gives a shell the secrets that nopal keeps in this machine's memory: what secrets.sh is for others.
function nopal_secrets
    set -l now ''
    test -r /run/nopal/secrets/set; and read now </run/nopal/secrets/set
    set -l repo ''
    string match -q -- "$HOME/code/?*" "$PWD"; and set repo (string replace -- "$HOME/code/" '' "$PWD")
    while test -n "$repo"; and not test -r "/run/nopal/secrets/repos/$repo/env.fish"
        # A folder less, or the branch of a worktree, REPO@BRANCH.
        string match -qr -- '[/@]' "$repo"; and set repo (string replace -r -- '[/@][^/@]*$' '' "$repo"); or set repo ''
    end
    set -l before ' '
    set -q NOPAL_SECRETS_SET; and set before "$NOPAL_SECRETS_SET"
    test "$before" = "$now $repo"; and return
    for name in (string split --no-empty ' ' -- "$NOPAL_SECRETS")
        set -e $name
    end
    set -gx NOPAL_SECRETS ''
    test -n "$now"; and source /run/nopal/secrets/env.fish
    test -n "$repo"; and source "/run/nopal/secrets/repos/$repo/env.fish"
    set -gx NOPAL_SECRETS_SET "$now $repo"
end
nopal_secrets
functions -e nopal_secrets
