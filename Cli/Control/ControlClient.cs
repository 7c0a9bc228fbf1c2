using System.Globalization;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Backup.Daemon.Restores;
using Backup.Foundation.Errors;

namespace Backup.Cli.Control;

/// <summary>Asks the appliance that holds a data folder; errors come back as they were thrown there.</summary>
internal sealed class ControlClient : IDisposable
{
    private readonly ControlSocket _socket;
    private readonly HttpClient _http;

    internal ControlClient(string dataFolder, string socketName)
    {
        _socket = new ControlSocket(dataFolder, socketName);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
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
            // Trailers, which end a restore's stream with its hash, are HTTP/2's.
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
                ControlRoutes.Status,
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

    internal Task<List<SnapshotView>> SnapshotsAsync(string replicaSet, CancellationToken cancellation) =>
        GetAsync<List<SnapshotView>>(ControlRoutes.Fill(ControlRoutes.Snapshots, replicaSet), cancellation);

    internal Task<JobView> RequestSnapshotAsync(string replicaSet, CancellationToken cancellation) =>
        PostAsync<JobView>(ControlRoutes.Fill(ControlRoutes.Snapshots, replicaSet), cancellation);

    internal Task<ReplicaSetView> ResyncAsync(string replicaSet, CancellationToken cancellation) =>
        PostAsync<ReplicaSetView>(ControlRoutes.Fill(ControlRoutes.Resync, replicaSet), cancellation);

    internal Task<JobView> RequestVerificationAsync(string snapshot, CancellationToken cancellation) =>
        PostAsync<JobView>(ControlRoutes.Fill(ControlRoutes.Verify, snapshot), cancellation);

    internal Task<JobView> JobAsync(string job, CancellationToken cancellation) =>
        GetAsync<JobView>(ControlRoutes.Fill(ControlRoutes.Job, job), cancellation);

    internal Task<JobView> CancelAsync(string job, CancellationToken cancellation) =>
        PostAsync<JobView>(ControlRoutes.Fill(ControlRoutes.Cancel, job), cancellation);

    /// <summary>
    /// Copies a restore's stream to <paramref name="output"/>, hashing it on the way, and compares hash and length with what the
    /// appliance says it sent.
    /// </summary>
    internal async Task<RestoreView> RestoreAsync(
        string snapshot,
        RestoreFormat format,
        Stream output,
        Action<long> progress,
        CancellationToken cancellation
    )
    {
        var route = ControlRoutes
            .Fill(ControlRoutes.Restore, snapshot)
            .Replace("{format}", RestoreFormats.Name(format), StringComparison.Ordinal);
        using var response = await _http.GetAsync(route, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!response.IsSuccessStatusCode)
        {
            throw await ErrorAsync(response, cancellation);
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (received, buffer) = (0L, new byte[256 * 1024]);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            for (int read; (read = await body.ReadAsync(buffer, cancellation)) > 0; )
            {
                hash.AppendData(buffer, 0, read);
                await output.WriteAsync(buffer.AsMemory(0, read), cancellation);
                received += read;
                progress(received);
            }
        }
        catch (Exception broken) when (broken is HttpRequestException or HttpIOException)
        {
            throw CliErrors.Damaged($"the stream ended after {received} bytes ({broken.Message})");
        }

        return Checked(response, received, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    public void Dispose()
    {
        _http.Dispose();
        _socket.Dispose();
    }

    private static RestoreView Checked(HttpResponseMessage response, long received, string sha256)
    {
        string? Trailer(string name) =>
            response.TrailingHeaders.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

        if (Trailer(ControlRoutes.ErrorTrailer) is { } error)
        {
            throw Thrown(JsonSerializer.Deserialize<ErrorView>(Convert.FromBase64String(error), ControlJson.Options)!);
        }

        if (Trailer(ControlRoutes.Sha256Trailer) is not { } announced)
        {
            throw CliErrors.Damaged($"the stream ended after {received} bytes without its closing hash");
        }

        if (announced != sha256)
        {
            throw CliErrors.Damaged($"SHA-256 {sha256} arrived, {announced} was sent");
        }

        var documents = long.Parse(Trailer(ControlRoutes.DocumentsTrailer)!, CultureInfo.InvariantCulture);
        return new RestoreView(true, documents, received, sha256);
    }

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

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, CancellationToken cancellation) =>
        response.IsSuccessStatusCode
            ? (await response.Content.ReadFromJsonAsync<T>(ControlJson.Options, cancellation))!
            : throw await ErrorAsync(response, cancellation);

    private static async Task<BackupException> ErrorAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var envelope = await response.Content.ReadFromJsonAsync<ErrorEnvelope>(ControlJson.Options, cancellation);
        return Thrown(envelope!.Error);
    }

    private static BackupException Thrown(ErrorView error) => CliErrors.Job(error.Code, error.Message, error.Hint);
}
