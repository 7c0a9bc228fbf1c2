using System.Globalization;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Backup.Daemon.Restores;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Control;

/// <summary>Asks the appliance that holds a data folder; errors come back as they were thrown there.</summary>
internal sealed partial class ControlClient : IDisposable
{
    // Bytes.
    private const int ReceiveWindow = 4 * 1024 * 1024;

    /// <summary>How often a file that the appliance writes is looked at, for the progress.</summary>
    private static readonly TimeSpan FileLook = TimeSpan.FromMilliseconds(200);

    private readonly string _folder;
    private readonly string _socketName;
    private readonly FolderSocket _socket;
    private readonly HttpClient _http;

    internal ControlClient(string dataFolder, string socketName)
    {
        (_folder, _socketName) = (dataFolder, socketName);
        _socket = new FolderSocket(dataFolder, socketName);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            // A restore is on its way all the time, not only when the last window was acknowledged.
            InitialHttp2StreamWindowSize = ReceiveWindow,
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(_socket.EndPoint, cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        _http = new HttpClient(handler)
        {
            BaseAddress = new Uri("http://appliance"),
            Timeout = Timeout.InfiniteTimeSpan,
            // Trailers, which end a restore's stream with what it holds, are HTTP/2's.
            DefaultRequestVersion = System.Net.HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    /// <summary>Whether somebody answers on the socket.</summary>
    internal async Task<bool> IsThereAsync(CancellationToken cancellation)
    {
        if (!File.Exists(_socket.Path))
        {
            return false;
        }

        try
        {
            using var response = await _http.GetAsync(
                ControlRoutes.There,
                HttpCompletionOption.ResponseHeadersRead,
                cancellation
            );
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    internal Task<StatusView> StatusAsync(CancellationToken cancellation) =>
        GetAsync<StatusView>(ControlRoutes.Status, cancellation);

    internal Task<List<DeploymentEntryView>> DeploymentsAsync(CancellationToken cancellation) =>
        GetAsync<List<DeploymentEntryView>>(ControlRoutes.Deployments, cancellation);

    internal Task<DeploymentEntryView> AddDeploymentAsync(DeploymentRequest request, CancellationToken cancellation) =>
        PostAsync<DeploymentRequest, DeploymentEntryView>(ControlRoutes.Deployments, request, cancellation);

    internal Task<DeploymentEntryView> RemoveDeploymentAsync(string deployment, CancellationToken cancellation) =>
        PostAsync<DeploymentEntryView>(ControlRoutes.Fill(ControlRoutes.RemoveDeployment, deployment), cancellation);

    internal Task<List<AgentView>> AgentsAsync(CancellationToken cancellation) =>
        GetAsync<List<AgentView>>(ControlRoutes.Agents, cancellation);

    internal Task<TokenView> MakeTokenAsync(double minutes, CancellationToken cancellation)
    {
        var value = minutes.ToString("R", CultureInfo.InvariantCulture);
        return PostAsync<TokenView>(
            $"{ControlRoutes.Tokens}?{ControlRoutes.MinutesParameter}={Uri.EscapeDataString(value)}",
            cancellation
        );
    }

    internal Task<AgentView> RevokeAgentAsync(string agent, CancellationToken cancellation) =>
        PostAsync<AgentView>(ControlRoutes.Fill(ControlRoutes.RevokeAgent, agent), cancellation);

    internal Task<List<UpdateView>> UpdatesAsync(CancellationToken cancellation) =>
        GetAsync<List<UpdateView>>(ControlRoutes.Updates, cancellation);

    internal Task<UpdateView> OfferUpdateAsync(UpdateRequest request, CancellationToken cancellation) =>
        PostAsync<UpdateRequest, UpdateView>(ControlRoutes.Updates, request, cancellation);

    internal Task<List<UpdateView>> WithdrawUpdateAsync(string platform, CancellationToken cancellation) =>
        PostAsync<List<UpdateView>>(ControlRoutes.Fill(ControlRoutes.WithdrawUpdate, platform), cancellation);

    internal Task<AgentLogView> AgentLogsAsync(
        string agent,
        int lines,
        long? sinceSeconds,
        CancellationToken cancellation
    )
    {
        var since = sinceSeconds is { } seconds ? $"&{ControlRoutes.SinceParameter}={seconds}" : "";
        return PostAsync<AgentLogView>(
            $"{ControlRoutes.Fill(ControlRoutes.AgentLogs, agent)}?{ControlRoutes.LinesParameter}={lines}{since}",
            cancellation
        );
    }

    internal Task<List<SnapshotView>> SnapshotsAsync(string replicaSet, CancellationToken cancellation) =>
        GetAsync<List<SnapshotView>>(ControlRoutes.Fill(ControlRoutes.Snapshots, replicaSet), cancellation);

    internal Task<List<ClusterSnapshotView>> ClusterSnapshotsAsync(
        string cluster,
        bool all,
        CancellationToken cancellation
    ) =>
        GetAsync<List<ClusterSnapshotView>>(
            $"{ControlRoutes.Fill(ControlRoutes.ClusterSnapshots, cluster)}?{ControlRoutes.AllParameter}={(all ? "true" : "false")}",
            cancellation
        );

    internal Task<JobView> RequestSnapshotAsync(string replicaSet, long? keep, CancellationToken cancellation) =>
        PostAsync<JobView>(
            ControlRoutes.Fill(ControlRoutes.Snapshots, replicaSet)
                + (keep is null ? "" : $"?{ControlRoutes.KeepParameter}={keep}"),
            cancellation
        );

    internal Task<ReplicaSetView> ResyncAsync(string replicaSet, CancellationToken cancellation) =>
        PostAsync<ReplicaSetView>(ControlRoutes.Fill(ControlRoutes.Resync, replicaSet), cancellation);

    internal Task<ReplicaSetView> CopyAsync(string replicaSet, CopyRequest request, CancellationToken cancellation) =>
        PostAsync<CopyRequest, ReplicaSetView>(
            ControlRoutes.Fill(ControlRoutes.Copies, replicaSet),
            request,
            cancellation
        );

    internal Task<ReplicaSetView> CancelCopiesAsync(string replicaSet, CancellationToken cancellation) =>
        PostAsync<ReplicaSetView>(ControlRoutes.Fill(ControlRoutes.CancelCopies, replicaSet), cancellation);

    internal Task<JobView> RequestVerificationAsync(string snapshot, CancellationToken cancellation) =>
        PostAsync<JobView>(ControlRoutes.Fill(ControlRoutes.Verify, snapshot), cancellation);

    internal Task<List<Foundation.Contracts.MonitoringSample>> MonitoringAsync(
        string replicaSet,
        int minutes,
        CancellationToken cancellation
    ) =>
        GetAsync<List<Foundation.Contracts.MonitoringSample>>(
            $"{ControlRoutes.Fill(ControlRoutes.Monitoring, replicaSet)}?{ControlRoutes.PastMinutesParameter}={minutes}",
            cancellation
        );

    internal Task<List<KeyView>> KeysAsync(CancellationToken cancellation) =>
        GetAsync<List<KeyView>>(ControlRoutes.Keys, cancellation);

    internal Task<KeyView> RevokeKeyAsync(string key, CancellationToken cancellation) =>
        PostAsync<KeyView>(ControlRoutes.Fill(ControlRoutes.RevokeKey, key), cancellation);

    internal Task<KeyView> RotateKeyAsync(string key, CancellationToken cancellation) =>
        PostAsync<KeyView>(ControlRoutes.Fill(ControlRoutes.RotateKey, key), cancellation);

    internal Task<List<CertificateView>> CertificatesAsync(CancellationToken cancellation) =>
        GetAsync<List<CertificateView>>(ControlRoutes.Certificates, cancellation);

    internal Task<CertificateView> RevokeCertificateAsync(string certificate, CancellationToken cancellation) =>
        PostAsync<CertificateView>(ControlRoutes.Fill(ControlRoutes.RevokeCertificate, certificate), cancellation);

    internal Task<JobView> JobAsync(string job, CancellationToken cancellation) =>
        GetAsync<JobView>(ControlRoutes.Fill(ControlRoutes.Job, job), cancellation);

    internal Task<JobView> CancelAsync(string job, CancellationToken cancellation) =>
        PostAsync<JobView>(ControlRoutes.Fill(ControlRoutes.Cancel, job), cancellation);

    internal Task<SourceView> SourceAsync(string replicaSet, CancellationToken cancellation) =>
        GetAsync<SourceView>(ControlRoutes.Fill(ControlRoutes.Source, replicaSet), cancellation);

    internal Task<SourceView> ChangeSourceAsync(
        string replicaSet,
        SourceChange change,
        CancellationToken cancellation
    ) =>
        PostAsync<SourceChange, SourceView>(ControlRoutes.Fill(ControlRoutes.Source, replicaSet), change, cancellation);

    internal Task<RangesView> RangesAsync(string replicaSet, CancellationToken cancellation) =>
        GetAsync<RangesView>(ControlRoutes.Fill(ControlRoutes.Ranges, replicaSet), cancellation);

    internal Task<ReplayView> ReplayAsync(string restore, CancellationToken cancellation) =>
        GetAsync<ReplayView>(ControlRoutes.Fill(ControlRoutes.RestoreProgress, restore), cancellation);

    internal Task<NamespacesView> NamespacesAsync(string replicaSet, CancellationToken cancellation) =>
        GetAsync<NamespacesView>(ControlRoutes.Fill(ControlRoutes.Namespaces, replicaSet), cancellation);

    internal Task<NamespacesView> ChangeNamespacesAsync(
        string replicaSet,
        NamespacesChange change,
        CancellationToken cancellation
    ) =>
        PostAsync<NamespacesChange, NamespacesView>(
            ControlRoutes.Fill(ControlRoutes.Namespaces, replicaSet),
            change,
            cancellation
        );

    internal Task<RestoreView> RestoreSnapshotAsync(
        string snapshot,
        RestoreFormat format,
        RestoreShape shape,
        Stream output,
        Action<long> progress,
        CancellationToken cancellation
    ) =>
        RestoreAsync(
            $"{Route(ControlRoutes.Restore, snapshot, format)}?{shape.Query}",
            shape.Hashes,
            output,
            progress,
            cancellation
        );

    private static string Query(IEnumerable<string> namespaces) =>
        string.Join('&', namespaces.Select(one => $"{ControlRoutes.NamespaceParameter}={Uri.EscapeDataString(one)}"));

    /// <param name="replicaSet">As users name it.</param>
    /// <param name="moment"><see cref="ControlRoutes.OptimeParameter"/> or <see cref="ControlRoutes.SecondParameter"/>, and its value.</param>
    /// <param name="format">How it is written.</param>
    /// <param name="shape">What of it.</param>
    /// <param name="id">Under which <see cref="ReplayAsync"/> tells how far it is before the first byte.</param>
    /// <param name="output">Receives it.</param>
    /// <param name="progress">Told of bytes received.</param>
    /// <param name="cancellation">Gives up.</param>
    internal Task<RestoreView> RestoreMomentAsync(
        string replicaSet,
        (string Parameter, string Value) moment,
        RestoreFormat format,
        RestoreShape shape,
        string id,
        Stream output,
        Action<long> progress,
        CancellationToken cancellation
    )
    {
        var route = Route(ControlRoutes.RestoreMoment, replicaSet, format);
        return RestoreAsync(route + Query(moment, id, []) + shape.Query, shape.Hashes, output, progress, cancellation);
    }

    private static string Route(string route, string of, RestoreFormat format) =>
        ControlRoutes.Fill(route, of).Replace("{format}", RestoreFormats.Name(format), StringComparison.Ordinal);

    /// <summary>
    /// Copies a restore's stream to <paramref name="output"/>, hashing it on the way, and compares its length with what the appliance says
    /// it sent. The socket is the kernel's, which loses no byte and changes none: what can happen is that the stream ends early.
    /// </summary>
    private async Task<RestoreView> RestoreAsync(
        string route,
        bool hashes,
        Stream output,
        Action<long> progress,
        CancellationToken cancellation
    )
    {
        if (
            output is PendingFileStream { File: var file }
            && PassedFiles.TryPass(_folder, _socketName, file.Path, file.Handle) is var (ticket, passed)
        )
        {
            using (passed)
            {
                return await RestoreAsync(
                    $"{route}&{ControlRoutes.FileParameter}={ticket}",
                    file,
                    progress,
                    cancellation
                );
            }
        }

        using var response = await _http.GetAsync(route, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!response.IsSuccessStatusCode)
        {
            throw await ErrorAsync(response, cancellation);
        }

        using var hash = hashes ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        var (received, buffer) = (0L, new byte[256 * 1024]);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            for (int read; (read = await body.ReadAsync(buffer, cancellation)) > 0; )
            {
                hash?.AppendData(buffer, 0, read);
                await output.WriteAsync(buffer.AsMemory(0, read), cancellation);
                received += read;
                progress(received);
            }
        }
        catch (Exception broken) when (broken is HttpRequestException or HttpIOException)
        {
            throw CliErrors.Damaged($"the stream ended after {received} bytes ({broken.Message})");
        }

        return Checked(response, received, hash is null ? null : Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <summary>The appliance writes into the file itself, hashes what it writes, and has it on the disk before it answers.</summary>
    private async Task<RestoreView> RestoreAsync(
        string route,
        PendingFile file,
        Action<long> progress,
        CancellationToken cancellation
    )
    {
        var restoring = GetAsync<RestoreView>(route, cancellation);
        for (var known = 0L; await Task.WhenAny(restoring, Task.Delay(FileLook, CancellationToken.None)) != restoring; )
        {
            var there = RandomAccess.GetLength(file.Handle);
            if (there > known)
            {
                progress(known = there);
            }
        }

        try
        {
            var result = await restoring;
            file.WrittenElsewhere(result.Bytes);
            return result;
        }
        catch (Exception broken) when (broken is HttpRequestException or HttpIOException)
        {
            throw CliErrors.Damaged($"the appliance ended before the file was whole ({broken.Message})");
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _socket.Dispose();
    }

    private static RestoreView Checked(HttpResponseMessage response, long received, string? sha256)
    {
        string? Trailer(string name) => TrailerOf(response, name);

        if (Trailer(ControlRoutes.ErrorTrailer) is { } error)
        {
            throw Thrown(Decoded<ErrorView>(error));
        }

        if (!long.TryParse(Trailer(ControlRoutes.BytesTrailer), CultureInfo.InvariantCulture, out var announced))
        {
            throw CliErrors.Damaged($"the stream ended after {received} bytes, and nothing says that this is all");
        }

        if (announced != received)
        {
            throw CliErrors.Damaged($"{received} bytes arrived, {announced} were sent");
        }

        var documents = long.Parse(Trailer(ControlRoutes.DocumentsTrailer)!, CultureInfo.InvariantCulture);
        _ = Foundation.Optime.TryParse(Trailer(ControlRoutes.OptimeTrailer), out var optime);
        var excluded = Trailer(ControlRoutes.ExcludedTrailer) is { } list ? Decoded<List<ExcludedView>>(list) : null;
        var undecided = Trailer(ControlRoutes.UndecidedTrailer) is { } open ? Decoded<List<OptimeView>>(open) : null;
        return new RestoreView(
            true,
            documents,
            received,
            sha256,
            new OptimeView(optime.T, optime.I),
            excluded,
            undecided
        );
    }

    private static T Decoded<T>(string text) =>
        JsonSerializer.Deserialize<T>(Convert.FromBase64String(text), ControlJson.Wire)!;

    private async Task<T> GetAsync<T>(string route, CancellationToken cancellation)
    {
        using var response = await _http.GetAsync(route, cancellation);
        return await ReadAsync<T>(response, cancellation);
    }

    private async Task<T> PostAsync<T>(string route, CancellationToken cancellation)
    {
        using var response = await _http.PostAsync(route, content: null, cancellation);
        return await ReadAsync<T>(response, cancellation);
    }

    private async Task<T> PostAsync<TBody, T>(string route, TBody body, CancellationToken cancellation)
    {
        using var response = await _http.PostAsJsonAsync(route, body, ControlJson.Wire, cancellation);
        return await ReadAsync<T>(response, cancellation);
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, CancellationToken cancellation) =>
        response.IsSuccessStatusCode
            ? (await response.Content.ReadFromJsonAsync<T>(ControlJson.Wire, cancellation))!
            : throw await ErrorAsync(response, cancellation);

    private static async Task<BackupException> ErrorAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var envelope = await response.Content.ReadFromJsonAsync<ErrorEnvelope>(ControlJson.Wire, cancellation);
        return Thrown(envelope!.Error);
    }

    private static BackupException Thrown(ErrorView error) =>
        CliErrors.Job(error.Code, error.Message, error.Hint, error.Field);
}
