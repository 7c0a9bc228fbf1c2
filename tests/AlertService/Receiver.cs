using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace Backup.Tests.AlertService;

/// <summary>Takes what is posted to it.</summary>
internal sealed class Receiver : IDisposable
{
    private static int _port = 20_000 + (Environment.ProcessId % 10_000);

    private readonly HttpListener _listener;

    public Receiver()
    {
        while (true)
        {
            // Another one each time: one that could not be started is of no use any more.
            var listener = new HttpListener();
            var port = Interlocked.Increment(ref _port);
            listener.Prefixes.Add($"http://127.0.0.1:{port}/");
            try
            {
                listener.Start();
            }
            catch (HttpListenerException)
            {
                // Taken: the next one.
                listener.Close();
                continue;
            }

            _listener = listener;
            Url = $"http://127.0.0.1:{port}/hook/{Secret}";
            break;
        }

        _ = Task.Run(TakeAsync);
    }

    public string Secret { get; } = Guid.NewGuid().ToString("N");

    public string Url { get; }

    public int Status { get; set; } = 200;

    public ConcurrentQueue<(string Body, string Type, IReadOnlyDictionary<string, string> Headers)> Taken { get; } =
        new();

    public void Dispose() => _listener.Close();

    private async Task TakeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
            var headers = context.Request.Headers;
            Taken.Enqueue(
                (
                    await reader.ReadToEndAsync(),
                    context.Request.ContentType!,
                    headers.AllKeys.ToDictionary(static one => one!, one => headers[one]!)
                )
            );
            context.Response.StatusCode = Status;
            context.Response.Headers["Location"] = Url;
            context.Response.Close();
        }
    }
}
