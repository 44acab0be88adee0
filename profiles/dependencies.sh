# Installs what the files of a clone pin, once for each content of its lock file:
#
#     nopal-dependencies FOLDER           install what is outstanding
#     nopal-dependencies --plan FOLDER    say what is outstanding, a line for each manager
#
# What was done is noted in .git/nopal: outside of the work tree, and gone with the clone. A lock file
# that is missing, or that has changes not yet committed, is left alone: somebody is at work there.

set -u

# The manager that package.json names, at an exact version; `?` for one that cannot be used.
# shellcheck disable=SC2016 # jq's, not the shell's
NAMED='.packageManager // "" | if . == "" then .
elif type == "string"
    and test("\\A(npm|pnpm|yarn|bun)@[0-9]+([.][0-9]+){2}(-[0-9A-Za-z.-]+)?([+][0-9A-Za-z.]+)?\\z")
then . else "?" end'

# For each language: sets `lock` (the file), `spec` (NAME@VERSION; just NAME for the one that is
# installed) and `obstacle` (why nothing can be done).
javascript() {
    lock='' spec='' obstacle=''
    [ -f package.json ] || return 0
    spec=$(jq -r "$NAMED" package.json 2>/dev/null) || spec='?'
    if [ "$spec" = '?' ]; then
        lock=package.json
        obstacle='its `packageManager` is no exact version of npm, pnpm, yarn or bun'
        return
    fi
    several=''
    for file in package-lock.json npm-shrinkwrap.json pnpm-lock.yaml yarn.lock bun.lock bun.lockb; do
        [ -f "$file" ] || continue
        [ -z "$spec" ] || [ "${spec%%@*}" = "$(manager_of "$file")" ] || continue
        if [ -z "$lock" ]; then
            lock=$file
        elif [ "$(manager_of "$file")" != "$(manager_of "$lock")" ]; then
            several=yes
        fi
    done
    if [ -z "$lock" ]; then
        [ -n "$spec" ] || return 0
        lock=package.json obstacle="it names $spec, but the lock file of ${spec%%@*} is missing"
    elif [ -z "$spec" ] && [ "$several" ]; then
        obstacle='it has lock files of several managers, and no `packageManager` to choose'
    elif ! command -v npm >/dev/null; then
        obstacle='this machine has no Node: add the profile `node`'
    else
        [ -n "$spec" ] || spec=$(default_of "$lock")
        case $spec in
        bun@*+*) obstacle="$spec has a checksum that nothing here can check" ;;
        bun@* | npm) ;;
        *) command -v corepack >/dev/null ||
            obstacle="this machine has no corepack to get $spec: add the profile \`node\`" ;;
        esac
    fi
}

python() {
    lock='' spec='' obstacle=''
    [ -f uv.lock ] || return 0
    lock=uv.lock spec=uv
    command -v uv >/dev/null || obstacle='this machine has no uv: add the profile `python`'
}

manager_of() {
    case $1 in
    pnpm-lock.yaml) echo pnpm ;;
    yarn.lock) echo yarn ;;
    bun.*) echo bun ;;
    *) echo npm ;;
    esac
}

# For repos that name no manager: one that can read the lock file and would not rewrite it.
default_of() {
    case $1 in
    pnpm-lock.yaml)
        case $(sed -n "s/^lockfileVersion: *'\{0,1\}\([0-9]*\).*/\1/p" "$1") in
        5) echo "pnpm@$PNPM_7" ;;
        6) echo "pnpm@$PNPM_8" ;;
        *) echo "pnpm@$PNPM_10" ;;
        esac ;;
    yarn.lock)
        case $(sed -n '/^__metadata:/{n;s/[^0-9]//gp;}' "$1") in
        '') echo "yarn@$YARN_1" ;;
        [4-7]) echo "yarn@$YARN_3" ;;
        *) echo "yarn@$YARN_4" ;;
        esac ;;
    bun.*) echo "bun@$BUN" ;;
    *) echo npm ;;
    esac
}

# Puts what runs `spec` into `runner`, getting it first where it is not here. This happens in the
# home: a repo's own .npmrc does not choose where its manager comes from.
get() {
    case $spec in
    npm | uv) runner=$spec ;;
    bun@*)
        place=$HOME/.local/share/nopal/managers/$spec
        runner=$place/node_modules/.bin/bun
        "$runner" --version >/dev/null 2>&1 ||
            (rm -rf "$place" && cd && npm install --no-audit --no-fund --prefix "$place" "$spec") ;;
    *)
        runner="corepack $spec"
        said=$(cd && $runner --version 2>&1) && return
        printf '%s\n' "$said" | grep -m 1 '^[A-Za-z ]*Error: '
        case $said in
        *'No compatible signature'* | *'performing the request'*) get_unsigned ;;
        *) return 1 ;; # a signature or a checksum that is wrong
        esac ;;
    esac
}

# A registry that stands in for npm's own often passes no signatures on, and is all that is reached.
# Then its own checksum has to do, as for every other package; npm itself checks no more either.
get_unsigned() {
    COREPACK_NPM_REGISTRY=$(cd && npm config get registry) || return
    export COREPACK_NPM_REGISTRY="${COREPACK_NPM_REGISTRY%/}"
    pinned=$spec
    case $spec in
    *+* | yarn@[2-9]*) ;; # pinned by the repo itself; a program that is not signed anywhere
    *)
        checksum=$(cd && npm view "$spec" dist.integrity | sed -n 's/^sha512-//p')
        [ -n "$checksum" ] || return
        pinned=$spec+sha512.$(echo "$checksum" | base64 -d | od -An -v -tx1 | tr -d ' \n') ;;
    esac
    (cd && corepack "$pinned" --version) || return
    echo "$spec comes from the registry that npm uses, and without a signature of npm's"
}

arguments_for() {
    case $1 in
    npm | npm@*) echo ci --no-audit --no-fund ;;
    pnpm@*) echo install --frozen-lockfile --config.confirmModulesPurge=false ;;
    yarn@1.*) echo install --frozen-lockfile --non-interactive ;;
    yarn@*) echo install --immutable ;;
    bun@*) echo install --frozen-lockfile ;;
    uv) echo sync --frozen ;;
    esac
}

# Keeps from git what the repo itself forgot to ignore.
hide() {
    mkdir -p .git/info
    set -- node_modules/
    case $spec in
    yarn@[2-9]*) set -- "$@" .pnp.cjs .pnp.loader.mjs .yarn/cache/ .yarn/unplugged/ \
        .yarn/install-state.gz .yarn/build-state.yml ;;
    esac
    for pattern do
        git check-ignore --no-index -q "$pattern" || printf '%s\n' "$pattern" >>.git/info/exclude
    done
}

# Brings one language up to date, or says what that would be.
settle() {
    "$1"
    [ -n "$lock" ] || return 0
    wanted="$spec ${obstacle:+($obstacle) }$(sha256sum <"$lock")"
    [ "$wanted" != "$(cat ".git/nopal/$1" 2>/dev/null)" ] || return 0
    [ -z "$(git status --porcelain -- "$lock")" ] || return 0
    says="$spec $(arguments_for "$spec")"
    [ -z "$obstacle" ] || says="no dependencies installed: $obstacle"
    echo "$says"
    [ "$mode" = install ] || return 0
    if [ -z "$obstacle" ]; then
        run "$1" || { failed "$?"; return 1; }
    fi
    mkdir -p .git/nopal
    printf '%s\n' "$wanted" >".git/nopal/$1"
}

run() {
    [ "$1" != javascript ] || hide
    before=$(git status --porcelain)
    get || return
    # shellcheck disable=SC2046,SC2086 # words, all of them known
    $runner $(arguments_for "$spec") || return
    [ "$before" = "$(git status --porcelain)" ] || echo 'The work tree differs now: see git status.'
}

failed() {
    echo "In $folder \`$says\` failed with $1."
    echo 'Mend it there and run `inv up`, or leave the repo out: { url = "…", dependencies = false }'
}

mode=install
[ "$1" != --plan ] || { mode=plan; shift; }
folder=$1
cd "$folder" || exit
[ -d .git ] || { echo "$folder is no clone" >&2; exit 1; }
export COREPACK_ENABLE_DOWNLOAD_PROMPT=0 COREPACK_ENABLE_AUTO_PIN=0
status=0
settle javascript || status=1
settle python || status=1
exit "$status"
