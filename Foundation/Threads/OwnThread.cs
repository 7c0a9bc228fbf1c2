using System.Threading.Channels;

namespace Backup.Foundation.Threads;

/// <summary>
/// A thread for calls that wait for the disk: on one of the pool, of which there are as many as processors, each would keep a processor idle. Calls are done one after
/// another, in order. It ends when it is disposed, after what it was given.
/// </summary>
public sealed class OwnThread : IDisposable
{
    private readonly Channel<(Action Call, TaskCompletionSource Done)> _calls = Channel.CreateUnbounded<(
        Action,
        TaskCompletionSource
    )>(new UnboundedChannelOptions { SingleReader = true });

    /// <param name="name">For people who look at a process.</param>
    public OwnThread(string name) => new Thread(Work) { Name = name, IsBackground = true }.Start();

    /// <summary>Does a call there.</summary>
    /// <returns>Ends with it, and as it does.</returns>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public Task RunAsync(Action call)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ObjectDisposedException.ThrowIf(!_calls.Writer.TryWrite((call, done)), this);
        return done.Task;
    }

    public void Dispose() => _calls.Writer.TryComplete();

    private void Work()
    {
        while (_calls.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_calls.Reader.TryRead(out var next))
            {
                try
                {
                    next.Call();
                    next.Done.SetResult();
                }
#pragma warning disable CA1031 // It is thrown where the call is waited for.
                catch (Exception failure)
#pragma warning restore CA1031
                {
                    next.Done.SetException(failure);
                }
            }
        }
    }
}
