using System.Reflection;
using Xunit;

namespace Backup.Tests.Blockstore;

/// <summary>
/// Runs every fact and theory of a suite from within one test: for what is not on every machine, since a test that is skipped must say so, and the facts
/// of a suite know nothing of it.
/// </summary>
internal static class Suite
{
    /// <returns>How many were run.</returns>
    internal static async Task<int> RunAsync<T>(Func<T> make)
        where T : IDisposable
    {
        var failures = new List<Exception>();
        var run = 0;
        foreach (var method in typeof(T).GetMethods(BindingFlags.Public | BindingFlags.Instance))
        {
            if (method.GetCustomAttribute<FactAttribute>() is null)
            {
                continue;
            }

            var cases = method.GetCustomAttributes<InlineDataAttribute>().SelectMany(one => one.GetData(method));
            foreach (var arguments in cases.DefaultIfEmpty([]))
            {
                run++;
                try
                {
                    using var suite = make();
                    await (Task)method.Invoke(suite, arguments)!;
                }
                catch (Exception failure)
                {
                    failures.Add(
                        new InvalidOperationException($"{method.Name}({string.Join(", ", arguments)})", failure)
                    );
                }
            }
        }

        return failures.Count == 0 ? run : throw new AggregateException(failures);
    }
}
