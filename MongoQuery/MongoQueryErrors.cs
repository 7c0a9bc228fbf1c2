using System.Globalization;

namespace Backup.MongoQuery;

/// <summary>The errors of this room: 2600 to 2699. Each has the code that a MongoDB server gives in its place.</summary>
internal static class MongoQueryErrors
{
    public const int Refused = 2600;
    public const int Unsupported = 2601;
    public const int OverMemory = 2602;
    public const int OutOfTime = 2603;
    public const int SlowPattern = 2604;
    public const int SpillBroken = 2605;
    public const int SpillTooLarge = 2606;

    public static QueryException BadValue(string message) => Failed(2, "BadValue", message);

    public static QueryException FailedToParse(string message) => Failed(9, "FailedToParse", message);

    public static QueryException TypeMismatch(string message) => Failed(14, "TypeMismatch", message);

    public static QueryException ConversionFailure(string message) => Failed(241, "ConversionFailure", message);

    /// <summary>Of the server's numbers without a name.</summary>
    public static QueryException Location(int code, string message) =>
        Failed(code, string.Create(CultureInfo.InvariantCulture, $"Location{code}"), message);

    /// <summary>Not known, or known to differ from what a server does.</summary>
    public static QueryException NotSupported(string what) =>
        new(
            Unsupported,
            $"{what} is not supported here: it would not be answered exactly as MongoDB does.",
            "Write the query without it, or restore the collection into a MongoDB and ask there. docs/serve.md lists what is supported.",
            238,
            "NotImplemented"
        );

    public static QueryException TooMuchMemory(string what, long limitMegabytes, int serverCode, string codeName) =>
        new(
            OverMemory,
            $"{what} needs more than {limitMegabytes} MB, which is the most that is held in memory.",
            "Match fewer documents, sort by _id, give a limit, or pass allowDiskUse: true, which helps sorts and groups.",
            serverCode,
            codeName
        );

    public static QueryException SpillFailed(string folder, string why) =>
        new(
            SpillBroken,
            $"The temporary files of the query in {folder} failed: {why}",
            "Make room on that disk, or match fewer documents.",
            14031,
            "OutOfDiskSpace"
        );

    public static QueryException SpillFull(long limitMegabytes) =>
        new(
            SpillTooLarge,
            $"The temporary files of queries need more than {limitMegabytes} MB, which is what they may take together.",
            "Match fewer documents, or wait until other queries have ended.",
            14031,
            "OutOfDiskSpace"
        );

    public static QueryException TimeExceeded() =>
        new(
            OutOfTime,
            "operation exceeded time limit",
            "Ask for less, by _id, or with a larger maxTimeMS.",
            50,
            "MaxTimeMSExpired"
        );

    public static QueryException PatternTooSlow(string pattern) =>
        new(
            SlowPattern,
            $"The regular expression /{pattern}/ took too long on one value.",
            "Write it without nested repetitions.",
            238,
            "NotImplemented"
        );

    private static QueryException Failed(int serverCode, string codeName, string message) =>
        new(Refused, message, "Correct the query: a MongoDB server refuses it too.", serverCode, codeName);
}
