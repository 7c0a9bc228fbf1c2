using System.Text.Json;
using Backup.Daemon.Restores;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Control;

internal sealed partial class ControlClient
{
    /// <summary>A cluster as one.</summary>
    /// <param name="cluster">As users name it.</param>
    /// <param name="point">A moment, or <see cref="ControlRoutes.SnapshotParameter"/> and a cut's id, empty for the newest.</param>
    /// <param name="format">How it is written.</param>
    /// <param name="shape">What of it.</param>
    /// <param name="id">Under which <see cref="ReplayAsync"/> tells how far it is before the first byte.</param>
    /// <param name="output">Receives it.</param>
    /// <param name="progress">Told of bytes received.</param>
    /// <param name="cancellation">Gives up.</param>
    internal Task<RestoreView> RestoreClusterAsync(
        string cluster,
        (string Parameter, string Value) point,
        RestoreFormat format,
        RestoreShape shape,
        string id,
        Stream output,
        Action<long> progress,
        CancellationToken cancellation
    ) =>
        RestoreAsync(
            Route(ControlRoutes.RestoreCluster, cluster, format) + Query(point, id, []) + shape.Query,
            shape.Hashes,
            output,
            progress,
            cancellation
        );

    /// <summary>A cluster set by set, as files.</summary>
    /// <param name="cluster">As users name it.</param>
    /// <param name="point">As above.</param>
    /// <param name="isRaw">With what migrations had left behind.</param>
    /// <param name="namespaces">What is restored; none: everything.</param>
    /// <param name="id">As above.</param>
    /// <param name="create">Makes the file of a name.</param>
    /// <param name="progress">Told of bytes received.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<ClusterFilesView> ClusterFilesAsync(
        string cluster,
        (string Parameter, string Value) point,
        bool isRaw,
        IReadOnlyList<string> namespaces,
        string id,
        Func<string, Stream> create,
        Action<long> progress,
        CancellationToken cancellation
    )
    {
        var raw = isRaw ? $"&{ControlRoutes.RawParameter}=1" : "";
        var route = ControlRoutes.Fill(ControlRoutes.ClusterFiles, cluster) + Query(point, id, namespaces) + raw;
        using var response = await _http.GetAsync(route, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!response.IsSuccessStatusCode)
        {
            throw await ErrorAsync(response, cancellation);
        }

        string? broken = null;
        using var result = new MemoryStream();
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            await FileFrameReader.ReadAsync(body, create, progress, cancellation);
            await body.CopyToAsync(result, cancellation);
        }
        catch (Exception cut) when (cut is EndOfStreamException or HttpRequestException or HttpIOException)
        {
            broken = cut.Message;
        }

        if (TrailerOf(response, ControlRoutes.ErrorTrailer) is { } error)
        {
            throw Thrown(Decoded<ErrorView>(error));
        }

        return broken is null && TrailerOf(response, ControlRoutes.ResultTrailer) is not null
            ? JsonSerializer.Deserialize<ClusterFilesView>(
                result.GetBuffer().AsSpan(0, (int)result.Length),
                ControlJson.Wire
            )!
            : throw CliErrors.Damaged($"the files are cut off ({broken ?? "nothing says that they are whole"})");
    }

    private static string Query((string Parameter, string Value) point, string id, IReadOnlyList<string> namespaces) =>
        $"?{point.Parameter}={Uri.EscapeDataString(point.Value)}&{ControlRoutes.IdParameter}={id}&{Query(namespaces)}";

    private static string? TrailerOf(HttpResponseMessage response, string name) =>
        response.TrailingHeaders.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}
