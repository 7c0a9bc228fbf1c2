# Completion of 'backup' in bash: the command itself says what may come next.
_backup() {
    local line=${COMP_LINE:0:COMP_POINT} words
    words=$(backup "[suggest:$COMP_POINT]" "$line" 2>/dev/null) || return 0
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _backup backup
