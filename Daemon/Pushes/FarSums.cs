using System.Text;

namespace Backup.Daemon.Pushes;

/// <summary><c>SHA256SUMS</c> beside what was pushed, as <c>sha256sum -c</c> reads it.</summary>
internal static class FarSums
{
    internal const string FileName = "SHA256SUMS";

    private const int Most = 4 << 20;

    /// <summary>Of files, by their paths from the folder in which it stands.</summary>
    internal static byte[] Of(IEnumerable<(string Name, string Sha256)> files) =>
        Encoding.UTF8.GetBytes(
            string.Concat(
                files
                    .OrderBy(static one => one.Name, StringComparer.Ordinal)
                    .Select(static one => Line(one.Name, one.Sha256))
            )
        );

    /// <summary>Adds a file's line to what is there; one that the file had before goes.</summary>
    internal static async Task AddAsync(
        FarSide far,
        FileTransfer transfer,
        string folder,
        string name,
        string sha256,
        CancellationToken cancellation
    )
    {
        var path = FarPath.Join(folder, FileName);
        var before = await far.TryAsync(
            "reading",
            path,
            files => FarReader.AllAsync(files, path, Most, cancellation),
            cancellation
        );
        var kept = Encoding
            .UTF8.GetString(before ?? [])
            .Split('\n')
            .Where(line => line.Length > 0 && !line.EndsWith($"  {name}", StringComparison.Ordinal));
        var text = string.Concat(kept.Select(static line => line + "\n")) + Line(name, sha256);
        await transfer.PutAsync(path, Encoding.UTF8.GetBytes(text), cancellation);
    }

    private static string Line(string name, string sha256) => $"{sha256}  {name}\n";
}
