using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.WebUI.Desks;
using Backup.WebUI.Frame;
using Backup.WebUI.Resources;

namespace Backup.WebUI.Support;

/// <summary>
/// A ZIP archive with what somebody needs who is asked for help: versions, the configuration, how everything is, tasks, alerts, metrics, the end of the log.
/// No data of any source is in it, and no secret: every line goes through a <see cref="Redactor"/>. What cannot be had is named in its manifest and leaves the rest as it is.
/// </summary>
/// <param name="desks">How everything is.</param>
/// <param name="metadata">Tasks and alerts.</param>
/// <param name="metrics">As Prometheus gets them.</param>
/// <param name="time">The clock.</param>
internal sealed class SupportBundle(ApiDesks desks, IMetadataStore metadata, MetricsRoutes metrics, TimeProvider time)
{
    public const string MediaType = "application/zip";

    private const int NewestJobs = 300;
    private const string ManifestName = "manifest.json";

    private static readonly string Version = typeof(SupportBundle).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private static readonly JsonSerializerOptions Json = new(ApiJson.Options) { WriteIndented = true };

    /// <returns>The archive, at its beginning.</returns>
    public async Task<MemoryStream> MakeAsync(CancellationToken cancellation)
    {
        // Bounded: lists have their limits, and of the log only its end is taken.
        var output = new MemoryStream();
        await using (
            var archive = await ZipArchive.CreateAsync(
                output,
                ZipArchiveMode.Create,
                leaveOpen: true,
                Utf8,
                cancellation
            )
        )
        {
            var parts = new List<SupportPart>();
            foreach (var (name, write) in Parts())
            {
                parts.Add(await AddAsync(archive, name, write, cancellation));
            }

            await WriteAsync(
                archive,
                ManifestName,
                Text(new SupportManifest(1, Version, time.GetUtcNow(), parts)),
                cancellation
            );
        }

        output.Position = 0;
        return output;
    }

    private IEnumerable<(string Name, Func<CancellationToken, Task<TextReader>> Open)> Parts()
    {
        yield return ("appliance.json", async token => Text(await desks.Appliance.ApplianceAsync(token)));
        yield return ("process.json", static _ => Task.FromResult(Text(ProcessFacts.Now())));
        yield return ("status.json", async token => Text(await desks.Status.StatusAsync(token)));
        yield return ("storage.json", async token => Text(await desks.Storage.StorageAsync(token)));
        yield return ("jobs.json", async token => Text(await JobsAsync(token)));
        yield return ("alerts.json", async token => Text(await metadata.Alerts.ListAsync(cancellation: token)));
        yield return ("metrics.txt", async token => new StringReader((await metrics.AllAsync(token)).ToString()));
        foreach (var file in desks.Appliance.SupportFiles())
        {
            yield return (file.Name, _ => Task.FromResult<TextReader>(new StreamReader(file.Open(), Utf8)));
        }
    }

    private async Task<IReadOnlyList<Contracts.JobView>> JobsAsync(CancellationToken cancellation) =>
        await desks.Status.JobsAsync(await metadata.Jobs.ListAsync(NewestJobs, cancellation), cancellation);

    private static async Task<SupportPart> AddAsync(
        ZipArchive archive,
        string name,
        Func<CancellationToken, Task<TextReader>> open,
        CancellationToken cancellation
    )
    {
        try
        {
            using var text = await open(cancellation);
            var bytes = await WriteAsync(archive, name, text, cancellation);
            return new SupportPart(name, bytes, null);
        }
        catch (Exception failure)
            when (failure is BackupException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return new SupportPart(name, 0, new Redactor().Line(failure.Message));
        }
    }

    private static async Task<long> WriteAsync(
        ZipArchive archive,
        string name,
        TextReader text,
        CancellationToken cancellation
    )
    {
        var redactor = new Redactor();
        var bytes = 0L;
        await using var stream = await archive.CreateEntry(name, CompressionLevel.Optimal).OpenAsync(cancellation);
        await using var writer = new StreamWriter(stream, Utf8) { NewLine = "\n" };
        while (await text.ReadLineAsync(cancellation) is { } line)
        {
            var clean = redactor.Line(line);
            bytes += Utf8.GetByteCount(clean) + 1;
            await writer.WriteLineAsync(clean.AsMemory(), cancellation);
        }

        return bytes;
    }

    private static TextReader Text<T>(T value) => new StringReader(JsonSerializer.Serialize(value, Json));
}

/// <param name="Format">Of the bundle: 1.</param>
/// <param name="Version">Of the programs.</param>
/// <param name="MadeAt">When it was made.</param>
/// <param name="Parts">All that was to be in it.</param>
internal sealed record SupportManifest(
    int Format,
    string Version,
    DateTimeOffset MadeAt,
    IReadOnlyList<SupportPart> Parts
);

/// <param name="Name">Its path in the archive.</param>
/// <param name="Bytes">Of its text.</param>
/// <param name="Missing">Why it is not whole; null where it is.</param>
internal sealed record SupportPart(string Name, long Bytes, string? Missing);
