using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Transactions;

/// <summary>Waits where a server waits: until the transaction that is in the way has ended.</summary>
internal static class Turns
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Does something under the engine's lock, as soon as no transaction is in its way.</summary>
    /// <exception cref="CommandFault">10107 where the member is not the primary, or no longer.</exception>
    /// <param name="action">Changes nothing before it throws <see cref="HeldByTransactionException"/>.</param>
    public static async ValueTask<T> RunAsync<T>(Engine engine, Func<T> action, CancellationToken cancellation)
    {
        while (true)
        {
            Task ended;
            lock (engine.Gate)
            {
                engine.CheckWritable();
                ended = engine.Transactions.Ended;
                try
                {
                    return action();
                }
                catch (HeldByTransactionException)
                {
                    engine.Transactions.Expired().ForEach(old => TransactionLog.Abort(engine, old));
                }
            }

            try
            {
                await ended.WaitAsync(Look, engine.Options.Time, cancellation);
            }
            catch (TimeoutException)
            {
                // The transaction may have become too old.
            }
        }
    }
}
