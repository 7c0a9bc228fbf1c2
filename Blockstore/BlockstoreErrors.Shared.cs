using Backup.Foundation.Errors;

namespace Backup.Blockstore;

public static partial class BlockstoreErrors
{
    public const int SessionEnded = 5060;
    public const int ServerRefused = 5061;
    public const int GroomLost = 5062;
    public const int StateContended = 5063;
    public const int ObjectIncomplete = 5064;

    /// <param name="store">Its name.</param>
    public static BackupException SessionLost(string store) =>
        new(
            SessionEnded,
            $"This process was silent for too long: the others that share '{store}' went on without it, and blocks that it has put may be gone.",
            "Work begins again by itself, as after a restart. Look why this process hung: a host that was suspended, no memory, no network.",
            transient: true
        );

    /// <param name="store">Its name.</param>
    /// <param name="what">As the server said.</param>
    public static BackupException Refused(string store, string what, bool transient = false, Exception? inner = null) =>
        new(
            ServerRefused,
            $"The server of '{store}' refused: {what}",
            "Look into that server's log; check its disk, and the privileges of the user that the store is opened with.",
            transient,
            inner
        );

    public static BackupException GroomOvertaken(string store) =>
        new(
            GroomLost,
            $"Another process has taken over the groom of '{store}', since this one was silent for too long.",
            "Nothing that is needed was removed; the next groom does the rest.",
            transient: true
        );

    public static BackupException AnswerLost(string store, long roots, long answered) =>
        new(
            GroomLost,
            $"Of {answered} blocks that a process holds in '{store}', and wrote down for the groom, {roots} are to be read: an earlier answer came over its last.",
            "Nothing was removed; the next groom does it.",
            transient: true
        );

    public static BackupException StateBusy(string store) =>
        new(
            StateContended,
            $"The state of '{store}' could not be changed: other processes were quicker every time.",
            "It is tried again. Where it stays so, look for processes that open and close this store again and again.",
            transient: true
        );

    public static BackupException IncompleteObject(string name) =>
        new(
            ObjectIncomplete,
            $"The object '{name}' lacks a part.",
            "Whoever was writing it was interrupted, or the store lost something: send it again."
        );
}
