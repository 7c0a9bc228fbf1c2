using System.Text;

namespace Backup.Daemon.DataFiles;

/// <summary>What the end of a mongod's log says. Lines of servers up to 4.2 are text, later ones JSON.</summary>
internal static class MongodLog
{
    private const int TailBytes = 64 * 1024;
    private const int LongestLine = 300;
    private const int Lines = 2;

    /// <summary>The last lines that tell of something bad, else the last lines.</summary>
    internal static string Cause(string path)
    {
        List<string> lines =
        [
            .. Tail(path).Split('\n').Select(static line => line.Trim()).Where(static l => l.Length > 0),
        ];
        var bad = lines.FindAll(IsBad);
        var chosen = (bad.Count > 0 ? bad : lines).TakeLast(Lines).Select(Short).ToList();
        return chosen.Count == 0 ? "its log is empty" : string.Join(" | ", chosen);
    }

    internal static bool IsDiskFull(string path) =>
        Tail(path).Contains("No space left on device", StringComparison.OrdinalIgnoreCase);

    /// <summary>Empty where it cannot be read.</summary>
    internal static string Tail(string path)
    {
        try
        {
            using var file = new FileStream(
                path,
                FileMode.Open,
                FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete
            );
            file.Seek(-Math.Min(TailBytes, file.Length), SeekOrigin.End);
            var bytes = new byte[TailBytes];
            return Encoding.UTF8.GetString(bytes, 0, file.ReadAtLeast(bytes, TailBytes, throwOnEndOfStream: false));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static bool IsBad(string line)
    {
        var severity = line.IndexOf(' ', StringComparison.Ordinal);
        return (severity > 0 && line.AsSpan(severity) is [' ', 'F' or 'E', ' ', ..])
            || line.Contains("\"s\":\"F\"", StringComparison.Ordinal)
            || line.Contains("\"s\":\"E\"", StringComparison.Ordinal)
            || line.StartsWith("Error ", StringComparison.Ordinal)
            || line.Contains("***aborting", StringComparison.Ordinal);
    }

    private static string Short(string line) =>
        line.Length > LongestLine ? string.Concat(line.AsSpan(0, LongestLine), "…") : line;
}
