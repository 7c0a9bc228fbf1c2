using System.Globalization;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Backup.Cli.Api;
using Backup.Daemon.Restores;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Control;

/// <summary>Asks the appliance that holds a data folder what is of this host alone; errors come back as they were thrown there.</summary>
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
        Api = new ApiClient(_http);
    }

    /// <summary>The public API, on the same socket.</summary>
    internal ApiClient Api { get; }

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

    internal Task<ReplayView> ReplayAsync(string restore, CancellationToken cancellation) =>
        GetAsync<ReplayView>(ControlRoutes.Fill(ControlRoutes.RestoreProgress, restore), cancellation);

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
