using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Backup.BackupHttpServer.Downloads;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.Metadata;

namespace Backup.Cli.Appliance;

/// <summary>Opens what download links lead to: restores of replica sets, and of clusters as one.</summary>
internal sealed class DownloadSource(RestoreOperations restores, ClusterRestoreOperations clusters) : IDownloads
{
    // The bytes of a form are those of a release, and compressed ones those of the framework's library as well.
    private static readonly string Maker =
        $"{typeof(DownloadSource).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion}|{Environment.Version}";

    public async Task<IDownload> OpenAsync(DownloadLink link, CancellationToken cancellation) =>
        new Download(await OpenAsync(link.Source, cancellation), link.Source);

    private async Task<OpenRestore> OpenAsync(LinkSource source, CancellationToken cancellation)
    {
        var format = RestoreFormats.Parse(source.Format);
        List<NamespacePattern>? only =
            source.Namespaces.Count == 0 ? null : [.. source.Namespaces.Select(NamespacePattern.Parse)];
        RestorePoint? moment = source.AtMost is { } atMost ? RestorePoint.UpTo(atMost) : null;
        if (source.SubjectKind == LinkSource.Cluster)
        {
            return await clusters.OpenMergedAsync(
                source.SubjectId,
                source.SnapshotId,
                moment,
                format,
                only,
                id: null,
                cancellation
            );
        }

        return moment is { } point
            ? await restores.OpenMomentAsync(source.SubjectId, point, format, id: null, only, cancellation)
            : await restores.OpenSnapshotAsync(source.SnapshotId!, format, only, cancellation);
    }

    private sealed class Download(OpenRestore restore, LinkSource source) : IDownload
    {
        public string Tag { get; } = TagOf($"{Maker}|{source.Text}|{restore.Identity}");

        public Task WriteAsync(Stream output, CancellationToken cancellation) =>
            restore.WriteAsync(output, source.Gzip, cancellation);

        public ValueTask DisposeAsync() => restore.DisposeAsync();

        private static string TagOf(string what) =>
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(what)).AsSpan(0, 16));
    }
}
