using System.Text.Json;
using Backup.Cli.Configuration;
using Backup.Cli.Control;
using Backup.WebUI.Desks;

namespace Backup.Cli.Web;

/// <summary>What of a support bundle only the host has.</summary>
internal static class SupportSources
{
    /// <summary>Bytes, of all log files together: the newest.</summary>
    private const long MostLogBytes = 16 << 20;

    private static readonly JsonSerializerOptions Json = new(ControlJson.Options) { WriteIndented = true };

    private const string Hidden = "(set, not shown)";

    /// <summary>What is set, by whom; of secrets, and of commands that may hold one, only that they are set.</summary>
    internal static Stream Configuration(ApplianceConfiguration configuration)
    {
        var all = configuration
            .All()
            .Select(static one => new ConfiguredView(
                one.Setting.Key,
                one.Setting.IsSecret || one.Setting.Key == Settings.EncryptionKeyCommand ? [Hidden] : one.Values,
                one.By
            ));
        return new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(new { configuration.Path, Set = all }, Json));
    }

    /// <summary>The end of the log: whole files from the newest on, and the end of the one that would be too much.</summary>
    /// <param name="folder">Of the log.</param>
    internal static IEnumerable<SupportFile> Logs(string folder)
    {
        var left = MostLogBytes;
        var files = Directory.Exists(folder)
            ? new DirectoryInfo(folder).GetFiles("*.log").OrderByDescending(static one => one.LastWriteTimeUtc)
            : Enumerable.Empty<FileInfo>();
        foreach (var file in files.TakeWhile(_ => left > 0))
        {
            var take = Math.Min(left, file.Length);
            left -= take;
            yield return new SupportFile($"log/{file.Name}", () => End(file.FullName, take));
        }
    }

    /// <summary>Others go on writing there meanwhile.</summary>
    private static FileStream End(string path, long bytes)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Position = Math.Max(0, stream.Length - bytes);
        return stream;
    }
}

/// <param name="Key">As the file names it.</param>
/// <param name="Values">What is set; of a secret, that it is.</param>
/// <param name="By">The file with its line, or the variable.</param>
internal sealed record ConfiguredView(string Key, IReadOnlyList<string> Values, string By);
